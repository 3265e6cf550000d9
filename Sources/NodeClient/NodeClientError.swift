import NodeAPI

/// Why a request to a node gave no answer.
public enum NodeClientError: Error, Equatable, Sendable {
  /// There is no such data directory.
  case noDataDirectory(path: String)
  /// Nothing answers in the data directory.
  case noNode(dataDirectory: String)
  /// The data directory's path leaves no room for the socket's name.
  case socket(NodeSocketError)
  /// The socket belongs to somebody else.
  case notPermitted(path: String)
  /// The node refused the request and says why.
  case problem(ProblemDocument)
  /// The node did not answer in time.
  case timeout(request: String, seconds: Int64)
  /// The request was cancelled, as by ^C.
  case cancelled(request: String)
  /// The node went away before it had answered.
  case connectionLost(request: String, reason: String)
  /// What answered does not speak this API.
  case unexpectedAnswer(request: String, reason: String)
}

extension NodeClientError: CustomStringConvertible {
  /// What was wrong, with what value, and what to do.
  public var description: String {
    switch self {
    case .noDataDirectory(let path):
      "\(path) does not exist; create a node: p2pnode init --network FILE --data \(path)"
    case .noNode(let directory):
      "no node is running at \(directory); start one: p2pnode run --data \(directory)"
    case .socket(let error): error.description
    case .notPermitted(let path): "the socket \(path) belongs to another user; allowed: the one who started the node"
    case .problem(let problem): problem.detail
    case .timeout(let request, let seconds):
      "\(request): the node did not answer within \(seconds) s\(Self.doubt(request))"
    case .cancelled(let request): "\(request): interrupted\(Self.doubt(request))"
    case .connectionLost(let request, let reason):
      "\(request): the node went away before it had answered (\(reason))\(Self.doubt(request))"
    case .unexpectedAnswer(let request, let reason): "\(request): not an answer of a p2pnode: \(reason)"
    }
  }

  /// What a person has to know of a request that changes something and was not answered.
  private static func doubt(_ request: String) -> String {
    request.hasPrefix("GET ") || ["POST /v1/quote", "POST /v1/verify"].contains(request)
      ? "" : "; whether it has done it is not known: orders shows"
  }
}

extension NodeClientError {
  /// The error as an API problem: the node's own, or one that says what kept the request from it.
  public var problem: ProblemDocument {
    let (kind, title, status): (String, String, Int) =
      switch self {
      case .problem(let problem): (problem.type, problem.title, problem.status)
      case .noDataDirectory, .noNode, .connectionLost: ("urn:p2pnode:no-node", "No node answers", 503)
      case .socket, .notPermitted: ("urn:p2pnode:no-access", "The node cannot be reached", 403)
      case .timeout, .cancelled: ("urn:p2pnode:timeout", "No answer in time", 504)
      case .unexpectedAnswer: ("urn:p2pnode:bad-answer", "Not a node's answer", 502)
      }
    return ProblemDocument(type: kind, title: title, status: status, detail: description)
  }
}
