import AsyncHTTPClient
import Glibc
import NIOCore
import NodeAPI

/// A client of the node that runs in one data directory, over HTTP on its Unix socket.
///
/// Requests may be made from any task, any number at once. ``shutdown()`` is to be called before the last reference
/// goes.
public final class NodeClient: NodeAPIClient {
  /// The directory of the node.
  public let dataDirectory: String
  /// How long an answer may take, in seconds.
  public static let timeoutSeconds: Int64 = 30
  /// The largest answer in bytes: some hundred thousand orders.
  public static let maximumAnswerBytes = 256 << 20

  /// How long is waited before an order is placed again whose answer was lost: long enough for a node to be restarted.
  public static let standardRetryPauses: [Duration] = [
    .milliseconds(100), .milliseconds(400), .seconds(1), .seconds(3), .seconds(5),
  ]

  let retryPauses: [Duration]
  let http: HTTPClient

  /// A client of the node at `dataDirectory`. Nothing is sent yet, and the node need not run.
  ///
  /// - Parameter retryPauses: how long to wait before each further time that an order is placed whose answer was lost.
  public init(dataDirectory: String, retryPauses: [Duration] = NodeClient.standardRetryPauses) {
    self.dataDirectory = dataDirectory
    self.retryPauses = retryPauses
    var configuration = HTTPClient.Configuration(
      redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5), read: .seconds(Self.timeoutSeconds)))
    // A node that is not there will not be there a moment later: the person wants to hear it at once.
    configuration.connectionPool.retryConnectionEstablishment = false
    http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  /// Closes the connections. No request may follow.
  public func shutdown() async {
    // It fails only for a client that is already shut down.
    try? await http.shutdown()
  }

  /// Calls `body` with a client that is shut down afterwards.
  public static func withClient<Output>(
    dataDirectory: String, retryPauses: [Duration] = NodeClient.standardRetryPauses,
    _ body: (NodeClient) async throws -> Output
  ) async throws -> Output {
    let client = NodeClient(dataDirectory: dataDirectory, retryPauses: retryPauses)
    do {
      let output = try await body(client)
      await client.shutdown()
      return output
    } catch {
      await client.shutdown()
      throw error
    }
  }

  /// The bytes of the answer to a request; an answer that is not a success is thrown as what it says.
  func send(
    _ method: HTTPMethod, _ target: String, body: [UInt8]? = nil, headers: [(name: String, value: String)] = []
  ) async throws(NodeClientError) -> [UInt8] {
    let name = "\(method.rawValue) \(target)"
    var request = try request(method, target, accepts: "application/json", headers: headers)
    if let body {
      request.headers.add(name: "Content-Type", value: "application/json")
      request.body = .bytes(body)
    }
    let response: HTTPClientResponse
    do {
      response = try await http.execute(request, timeout: .seconds(Self.timeoutSeconds))
    } catch { throw failure(error, request: name) }
    return try await bytes(of: response, to: name)
  }

  /// A request to the node's socket without a body.
  func request(
    _ method: HTTPMethod, _ target: String, accepts type: String, headers: [(name: String, value: String)]
  ) throws(NodeClientError) -> HTTPClientRequest {
    let socketPath: String
    do { socketPath = try NodeSocket.path(inDataDirectory: dataDirectory) } catch { throw .socket(error) }
    var request = HTTPClientRequest(url: "http+unix://\(Self.percentEncoded(socketPath))\(target)")
    request.method = .init(rawValue: method.rawValue)
    request.headers.add(name: "Host", value: "localhost")
    request.headers.add(name: "Accept", value: "\(type), application/problem+json")
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    return request
  }

  /// All bytes of an answer; one that is not a success is thrown as what it says.
  func bytes(of response: HTTPClientResponse, to request: String) async throws(NodeClientError) -> [UInt8] {
    let status = Int(response.status.code)
    let bytes: [UInt8]
    do {
      bytes = Array(buffer: try await response.body.collect(upTo: Self.maximumAnswerBytes))
    } catch { throw failure(error, request: request) }
    if (200..<300).contains(status) { return bytes }
    guard let problem = try? NodeJSON.decode(ProblemDocument.self, from: bytes) else {
      throw .unexpectedAnswer(request: request, reason: "HTTP status \(status) without a problem document")
    }
    throw .problem(problem)
  }

  /// The methods that the API has.
  enum HTTPMethod: String {
    case get = "GET"
    case post = "POST"
    case patch = "PATCH"
    case delete = "DELETE"
  }

  func failure(_ error: any Error, request: String) -> NodeClientError {
    switch error {
    case let error as IOError:
      switch error.errnoCode {
      case ENOENT where access(dataDirectory, F_OK) != 0: .noDataDirectory(path: dataDirectory)
      case ENOENT, ECONNREFUSED: .noNode(dataDirectory: dataDirectory)
      case EACCES, EPERM: .notPermitted(path: (try? NodeSocket.path(inDataDirectory: dataDirectory)) ?? dataDirectory)
      default: .connectionLost(request: request, reason: error.description)
      }
    case is CancellationError: .cancelled(request: request)
    case let error as HTTPClientError:
      switch error {
      case .cancelled: .cancelled(request: request)
      case .deadlineExceeded, .readTimeout, .connectTimeout, .getConnectionFromPoolTimeout:
        .timeout(request: request, seconds: Self.timeoutSeconds)
      default: .connectionLost(request: request, reason: error.shortDescription)
      }
    case is NIOTooManyBytesError:
      .unexpectedAnswer(request: request, reason: "more than \(Self.maximumAnswerBytes) bytes")
    default: .connectionLost(request: request, reason: "\(error)")
    }
  }

  /// `text` with every byte but letters, digits, `-`, `.` and `_` as a percent escape (RFC 3986, section 2.1).
  static func percentEncoded(_ text: String) -> String {
    text.utf8.reduce(into: "") { out, byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: out.append(Character(Unicode.Scalar(byte)))
      default: out += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
      }
    }
  }
}
