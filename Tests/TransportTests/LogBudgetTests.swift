import NIOCore
import Testing

@testable import Transport

@Suite struct LogBudgetTests {
  @Test("a budget allows its lines in each period and counts the rest")
  func periods() {
    var budget = LogBudget(lineLimit: 2, period: .seconds(10))
    let start = NIODeadline.uptimeNanoseconds(5)
    let first = (0..<5).map { _ in budget.admit(at: start) }
    #expect(first.map(\.isAllowed) == [true, true, false, false, false])
    #expect(first.allSatisfy { $0.suppressedCount == 0 })
    #expect(budget.admit(at: start + .milliseconds(9_999)).isAllowed == false)
    let next = budget.admit(at: start + .seconds(10))
    #expect(next.isAllowed && next.suppressedCount == 4)
    let later = budget.admit(at: start + .seconds(20))
    #expect(later.isAllowed && later.suppressedCount == 0)
  }
}
