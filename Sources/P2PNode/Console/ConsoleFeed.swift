import NodeAPI
import Synchronization

/// What reaches the console while a line is being typed: notices for the person, and what the Tab key offers.
final class ConsoleFeed: Sendable {
  /// Notices that wait at most; of more the latest are kept.
  static let maximumNotices = 100

  private struct State {
    var notices: [String] = []
    var completion = CommandCompletion()
  }

  private let state = Mutex(State())
  private let pipe = WakePipe()

  /// Readable while there may be notices.
  var descriptor: Int32 { pipe.descriptor }

  /// What the Tab key offers.
  var completion: CommandCompletion {
    get { state.withLock { $0.completion } }
    set { state.withLock { $0.completion = newValue } }
  }

  /// Shows a line above the one that is being typed, now or when the next one is.
  func post(_ notice: String) {
    state.withLock {
      $0.notices.append(notice)
      if $0.notices.count > Self.maximumNotices { $0.notices.removeFirst() }
    }
    pipe.wake()
  }

  /// The notices that were not shown yet.
  func takeNotices() -> [String] {
    pipe.clear()
    return state.withLock { state in
      defer { state.notices = [] }
      return state.notices
    }
  }

  /// Offers an own order as long as it is open.
  func note(_ order: OrderDocument) { state.withLock { $0.completion.note(order) } }
}
