import Foundation
import NodeAPI

/// A request to a node's socket byte by byte, for what no client of it asks.
struct RawRequest {
  /// What came back.
  struct Answer: Sendable {
    let status: Int
    let head: String
    let body: String
  }

  /// Asks for a path, and reads the answer to its end.
  static func get(_ path: String, from node: TestNode) throws -> Answer {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw ChildProcess.SystemError("socket", errno) }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(try NodeSocket.path(inDataDirectory: node.directory).utf8)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else { throw ChildProcess.SystemError("connect", errno) }
    let request = Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
    guard write(descriptor, request, request.count) == request.count else {
      throw ChildProcess.SystemError("write", errno)
    }
    let data = try FileHandle(fileDescriptor: descriptor, closeOnDealloc: false).readToEnd() ?? Data()
    let parts = String(decoding: data, as: UTF8.self).split(separator: "\r\n\r\n", maxSplits: 1).map(String.init)
    let status = parts.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    guard let head = parts.first, let status else {
      throw TimeoutError(description: "the answer to \(path) is none")
    }
    return Answer(status: status, head: head, body: parts.count > 1 ? parts[1] : "")
  }
}
