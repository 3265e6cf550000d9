import Foundation
import NodeCrypto
import Synchronization

/// Who may use the API over TCP: whoever shows the token, or the cookie that the token was exchanged for, under one of the
/// host names that the listener is known by. All of it is new at each start of the node.
final class HTTPAccess: Sendable {
  /// Bytes of chance in the token and in the cookie.
  private static let secretBytes = 32

  /// What a program shows in `Authorization: Bearer`, and the link carries once.
  let token = Hex.encode(Sodium.randomBytes(count: secretBytes))
  /// What a browser shows from then on. It is another secret: browsers send cookies to every port of a host, and the token
  /// must not go there.
  private let session = Hex.encode(Sodium.randomBytes(count: secretBytes))
  private let names: [HostPort]
  private let bound = Mutex<Bound?>(nil)

  /// What is known when the listener is there.
  private struct Bound {
    let port: Int
    let hosts: Set<String>
    let origins: Set<String>
  }

  /// - Parameter names: host names besides the usual ones of this machine, port 0 meaning the listener's.
  init(names: [HostPort]) {
    self.names = names
  }

  /// Notes where the listener is; until then nobody may do anything.
  func listens(at address: HostPort) {
    let port = address.port
    let known = [address, HostPort(host: "127.0.0.1", port: port), HostPort(host: "localhost", port: port)]
    let all = (known + [HostPort(host: "::1", port: port)]).map(\.description)
    let given = names.map { HostPort(host: $0.host, port: $0.port == 0 ? port : $0.port).description }
    // What a browser leaves out for the own port of HTTP, and of HTTPS under a name that something which encrypts has.
    let short = (all + given).filter { $0.hasSuffix(":80") }.map { String($0.dropLast(3)) }
    let encrypted = given.flatMap { $0.hasSuffix(":443") ? [$0, String($0.dropLast(4))] : [$0] }
    let hosts = Set((all + given + short + encrypted).map { $0.lowercased() })
    let origins =
      (all + given + short).map { "http://\($0.lowercased())" } + encrypted.map { "https://\($0.lowercased())" }
    bound.withLock { $0 = Bound(port: port, hosts: hosts, origins: Set(origins)) }
  }

  /// Whether `host`, as the header says it, is one of this listener's.
  func isKnown(host: String) -> Bool { bound.withLock { $0?.hosts.contains(host.lowercased()) } ?? false }

  /// Whether `origin`, as the header says it, is a page of this listener.
  func isOwn(origin: String) -> Bool { bound.withLock { $0?.origins.contains(origin.lowercased()) } ?? false }

  /// Whether `text` is the token; the time that it takes says nothing of the token.
  func isToken(_ text: some StringProtocol) -> Bool { Sodium.isEqual(Array(text.utf8), Array(token.utf8)) }

  /// Whether `text` is the value of the cookie.
  func isSession(_ text: some StringProtocol) -> Bool { Sodium.isEqual(Array(text.utf8), Array(session.utf8)) }

  /// The name of the cookie: with the port, so that two nodes on one machine do not take each other's.
  var cookieName: String { "p2pnode_session_\(bound.withLock { $0?.port } ?? 0)" }

  /// The value of `Set-Cookie` for whoever has shown the token.
  var cookie: String { "\(cookieName)=\(session); HttpOnly; SameSite=Strict; Path=/" }
}
