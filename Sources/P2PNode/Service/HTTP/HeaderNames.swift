import HTTPTypes

extension HTTPField.Name {
  /// `Idempotency-Key`: the same key twice is one order.
  static let idempotencyKey = Self("Idempotency-Key")!
  /// `Last-Event-ID`, the id of the last event that a client has seen.
  static let lastEventID = Self("Last-Event-ID")!
  /// `Referrer-Policy`.
  static let referrerPolicy = Self("Referrer-Policy")!
  /// `Sec-Fetch-Site`, by which a browser says whose page asks.
  static let secFetchSite = Self("Sec-Fetch-Site")!
}
