/// An author's state in a place of its own, which copies share until one of them changes it.
///
/// The state is some hundred bytes with two dozen references: to look at one part of it in a dictionary of such values
/// would copy, retain and release all of them, for every operation that anybody writes.
struct AuthorCell: Sendable {
  /// Changed by the one value that holds it alone.
  private final class Storage: @unchecked Sendable {
    @exclusivity(unchecked) var state: AuthorState

    init(_ state: AuthorState) { self.state = state }
  }

  private var storage: Storage

  init(_ state: AuthorState = AuthorState()) { storage = Storage(state) }

  /// The state; looked at and changed in its place.
  var state: AuthorState {
    _read { yield storage.state }
    _modify {
      if !isKnownUniquelyReferenced(&storage) { storage = Storage(storage.state) }
      yield &storage.state
    }
  }
}
