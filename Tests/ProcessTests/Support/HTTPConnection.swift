import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// A connection over which a test says exactly what it wants, also what no HTTP client would.
final class HTTPConnection: Sendable {
  private struct State {
    var bytes: [UInt8] = []
    var isClosed = false
  }

  /// What has come.
  private final class Collector: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    let state = Mutex(State())

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let bytes = Array(buffer: unwrapInboundIn(data))
      state.withLock { $0.bytes += bytes }
    }

    func channelInactive(context: ChannelHandlerContext) { state.withLock { $0.isClosed = true } }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
  }

  private let channel: any Channel
  private let collector: Collector

  /// Connects to a port of this machine.
  init(port: Int) async throws {
    let collector = Collector()
    self.collector = collector
    channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .channelInitializer { $0.pipeline.addHandler(collector) }
      .connect(host: "127.0.0.1", port: port).get()
  }

  deinit { channel.close(promise: nil) }

  func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }

  func close() async throws { try await channel.close() }

  /// Whether the other side has closed the connection.
  var isClosed: Bool { collector.state.withLock { $0.isClosed } }

  /// All that has come.
  var text: String { String(decoding: collector.state.withLock { $0.bytes }, as: UTF8.self) }

  /// The answer of HTTP as far as it has come; nil before its head is whole.
  var answer: RawAnswer? { RawAnswer(text) }
}

/// An answer of HTTP/1.1.
struct RawAnswer: Sendable, CustomStringConvertible {
  let status: Int
  /// The headers, names in lower case.
  let headers: [String: String]
  /// What follows the head, with the marks of chunked transfer taken out.
  let body: String

  /// Reads what has come; nil before the head is complete.
  init?(_ text: String) {
    guard let end = text.range(of: "\r\n\r\n") else { return nil }
    let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
    guard let status = lines[0].split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else { return nil }
    self.status = status
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2 { headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces) }
    }
    self.headers = headers
    let rest = String(text[end.upperBound...])
    body = headers["transfer-encoding"] == "chunked" ? Self.unchunked(rest) : rest
  }

  private static func unchunked(_ text: String) -> String {
    var rest = Array(text.utf8)[...]
    var body: [UInt8] = []
    while let line = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let size = String(decoding: rest[..<line], as: UTF8.self).trimmingCharacters(in: .whitespaces)
      guard let count = Int(size.trimmingCharacters(in: .newlines), radix: 16), count > 0 else { break }
      body += rest[(line + 1)...].prefix(count)
      rest = rest[(line + 1)...].dropFirst(count + 2)
    }
    return String(decoding: body, as: UTF8.self)
  }

  var description: String { "\(status) \(headers) \(body.prefix(300))" }
}

/// A listener of a node's API over TCP, and what its user's programs know of it.
struct HTTPListener: Sendable {
  let port: Int
  let token: String

  /// What the file in the data directory says.
  init(of node: TestNode) async throws {
    let lines = try await eventually("\(node.name) says where its API is") {
      let text = FileManager.default.contents(atPath: node.file("api.cookie")).map {
        String(decoding: $0, as: UTF8.self)
      }
      return text?.split(separator: "\n").map(String.init)
    }
    port = Int(lines[0].split(separator: ":").last ?? "") ?? 0
    token = lines[1]
  }

  /// The headers of a program that knows the token.
  var bearer: [String] { ["Authorization: Bearer \(token)"] }

  /// Asks once, over a connection of its own.
  ///
  /// - Parameters:
  ///   - headers: whole lines; `Host` is the listener's unless one of them is another.
  func ask(_ method: String, _ target: String, _ headers: [String] = [], body: String? = nil) async throws -> RawAnswer
  {
    let connection = try await HTTPConnection(port: port)
    try await connection.send(request(method, target, headers + ["Connection: close"], body: body))
    return try await eventually("an answer to \(method) \(target)") { connection.isClosed ? connection.answer : nil }
  }

  /// The bytes of a request.
  func request(_ method: String, _ target: String, _ headers: [String], body: String? = nil) -> String {
    let host = headers.contains { $0.hasPrefix("Host:") } ? [] : ["Host: 127.0.0.1:\(port)"]
    let length = body.map { ["Content-Length: \($0.utf8.count)"] } ?? []
    let lines = ["\(method) \(target) HTTP/1.1"] + host + headers + length
    return lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? "")
  }
}

/// Something that listens on a port, so that nobody else can.
final class RawListener: Sendable {
  private let channel: any Channel

  init() async throws {
    channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup).bind(host: "127.0.0.1", port: 0)
      .get()
  }

  var port: Int { channel.localAddress?.port ?? 0 }

  func close() async { try? await channel.close() }
}
