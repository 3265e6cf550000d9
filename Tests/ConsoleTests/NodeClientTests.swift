import Glibc
import NIOCore
import NIOPosix
import NodeAPI
import NodeClient
import Testing

@Suite("The client of the node's API")
struct NodeClientTests {
  private let temporary: TemporaryDirectory

  init() throws {
    temporary = try TemporaryDirectory()
  }

  /// Answers every request on the socket of the data directory with the same bytes, then closes.
  private final class CannedAnswer: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    private let answer: String

    init(_ answer: String) {
      self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let isComplete = String(buffer: unwrapInboundIn(data)).contains("\r\n\r\n")
      guard isComplete else { return }
      let channel = context.channel
      channel.writeAndFlush(ByteBuffer(string: answer)).whenComplete { _ in channel.close(promise: nil) }
    }
  }

  private func withServer<Output: Sendable>(
    answer: String, _ body: (NodeClient) async throws -> Output
  ) async throws -> Output {
    let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .childChannelInitializer { $0.pipeline.addHandler(CannedAnswer(answer)) }
      .bind(unixDomainSocketPath: NodeSocket.path(inDataDirectory: temporary.path)).get()
    let output = try await NodeClient.withClient(dataDirectory: temporary.path, body)
    try await server.close()
    return output
  }

  private func http(_ status: String, _ body: String) -> String {
    "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  /// What a request fails with when the server answers with `answer`.
  private func failure(
    answer: String, _ request: @escaping (NodeClient) async throws -> Void
  ) async throws -> NodeClientError? {
    try await withServer(answer: answer) { client in
      do {
        try await request(client)
        return nil
      } catch {
        return error as? NodeClientError
      }
    }
  }

  @Test("an answer is read")
  func answer() async throws {
    let body = try NodeJSON.text(FakeNode.network)
    #expect(try await withServer(answer: http("200 OK", body)) { try await $0.network() } == FakeNode.network)
  }

  @Test("an answer without a body is enough for stop")
  func noContent() async throws {
    try await withServer(answer: "HTTP/1.1 204 No Content\r\n\r\n") { try await $0.stop() }
  }

  @Test("a problem document is passed on")
  func problem() async throws {
    let problem = ProblemDocument(type: "urn:p2pnode:x", title: "X", status: 404, detail: "no order 3f2a")
    let answer = http("404 Not Found", try NodeJSON.text(problem))
    let error = try await failure(answer: answer) { _ = try await $0.order("3f2a") }
    #expect(error == .problem(problem))
    #expect(error?.description == "no order 3f2a")
  }

  @Test("what is not an answer of a node is named as such")
  func foreign() async throws {
    let page = try await failure(answer: http("500 Internal Server Error", "<html>")) { _ = try await $0.status() }
    #expect(
      page == .unexpectedAnswer(request: "GET /v1/status", reason: "HTTP status 500 without a problem document"))
  }

  @Test("a document of another shape is named as such")
  func otherShape() async throws {
    let shape = try await failure(answer: http("200 OK", "{}")) { _ = try await $0.trades(.all) }
    guard case .unexpectedAnswer("GET /v1/trades?scope=all&limit=1000", _)? = shape else {
      Issue.record("\(String(describing: shape))")
      return
    }
  }

  @Test("a node that goes away before its answer is said to have gone")
  func connectionLost() async throws {
    let error = try await failure(answer: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf") {
      _ = try await $0.status()
    }
    guard case .connectionLost("GET /v1/status", _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("without a node, the error names the directory, at once")
  func noNode() async throws {
    let error = await withClient(of: temporary.path)
    #expect(error == .noNode(dataDirectory: temporary.path))
  }

  @Test("the socket that a killed node left behind is no node")
  func staleSocket() async throws {
    let path = try NodeSocket.path(inDataDirectory: temporary.path)
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(status == 0)
    close(descriptor)
    #expect(await withClient(of: temporary.path) == .noNode(dataDirectory: temporary.path))
  }

  @Test("without a data directory, the error says how to create a node")
  func noDirectory() async throws {
    let error = await withClient(of: temporary.file("none"))
    #expect(error == .noDataDirectory(path: temporary.file("none")))
    #expect(error?.description.contains("p2pnode init --network FILE --data \(temporary.file("none"))") == true)
  }

  @Test("a change that was not answered leaves a doubt, which the error says; a question leaves none")
  func doubt() {
    let doubt = "whether it has done it is not known"
    #expect(NodeClientError.timeout(request: "POST /v1/orders", seconds: 30).description.contains(doubt))
    #expect(NodeClientError.cancelled(request: "DELETE /v1/orders/3f2a").description.contains(doubt))
    #expect(!NodeClientError.timeout(request: "GET /v1/orders", seconds: 30).description.contains(doubt))
  }

  @Test("a path that no socket can have is refused with its length and the limit")
  func longPath() async throws {
    let path = "/" + String(repeating: "x", count: 120)
    #expect(
      await withClient(of: path) == .socket(.tooLong(path: path + "/node.sock", byteCount: 131)))
  }

  private func withClient(of dataDirectory: String) async -> NodeClientError? {
    let client = NodeClient(dataDirectory: dataDirectory)
    var failure: NodeClientError?
    do throws(NodeClientError) { _ = try await client.status() } catch { failure = error }
    await client.shutdown()
    return failure
  }
}
