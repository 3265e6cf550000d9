/// How much of a list that only grows, trades or receipts, one answer gives: the latest `limit` of it, or those before an
/// element of it.
public enum ListPage {
  /// Elements that an answer has at most when the request does not say.
  public static let defaultLimit = 1_000
  /// The most that a request may ask for.
  public static let maximumLimit = 10_000
}
