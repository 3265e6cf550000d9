import NodeAPI
import NodeClient
import Testing

@testable import Testnet

@Suite("Convergence") struct ConvergenceTests {
  private func answers(_ statuses: StatusDocument...) -> [ConvergenceCheck.Answer] {
    statuses.enumerated().map { .init(node: $0.offset + 1, status: .success($0.element)) }
  }

  @Test("equal books that stand still are beyond doubt at the second look")
  func agreement() {
    var check = ConvergenceCheck()
    #expect(
      check.look(at: answers(status(), status())) == [
        "node 1 was looked at once only", "node 2 was looked at once only",
      ])
    #expect(check.look(at: answers(status(), status())).isEmpty)
  }

  @Test("ticks do not keep a book from standing still, an entry that a node lacks does")
  func entries() {
    var check = ConvergenceCheck()
    _ = check.look(at: answers(status(entries: 10), status(entries: 9)))
    #expect(
      check.look(at: answers(status(entries: 11), status(entries: 9))) == ["node 2 has 9 entries of 10"])
    #expect(check.look(at: answers(status(entries: 12), status(entries: 11))).isEmpty)
  }

  @Test("an undecided trade, a different digest, a different number of trades are each in doubt")
  func doubts() {
    for (other, doubt) in [
      (status(undecided: 2), "node 2 has 2 trades that are proposed and not decided"),
      (status(digest: "bb"), "the book digest differs: node 1 aa, node 2 bb"),
      (status(trades: 4), "the number of settled trades differs: node 1 3, node 2 4"),
    ] {
      var check = ConvergenceCheck()
      _ = check.look(at: answers(status(), other))
      #expect(check.look(at: answers(status(), other)) == [doubt])
    }
  }

  @Test("books that have become equal have to stay so for another look")
  func change() {
    var check = ConvergenceCheck()
    _ = check.look(at: answers(status(), status(digest: "bb")))
    #expect(check.look(at: answers(status(), status())) == ["node 2's book has just changed"])
    #expect(check.look(at: answers(status(), status())).isEmpty)
  }

  @Test("a node that does not answer, or is in trouble, is in doubt")
  func silence() {
    var check = ConvergenceCheck()
    var troubled = status()
    troubled.trouble = "the disk is full"
    troubled.state = "stopping"
    _ = check.look(at: answers(status(), troubled))
    let silent = ConvergenceCheck.Answer(node: 3, status: .failure(.noNode(dataDirectory: "d")))
    #expect(
      check.look(at: answers(status(), troubled) + [silent]) == [
        "node 3 does not answer: no node is running at d; start one: p2pnode run --data d", "node 2 is stopping",
        "node 2: the disk is full",
      ])
  }
}
