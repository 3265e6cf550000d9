import NIOCore
import Transport

/// The first byte of an input is the size of the pieces in which the rest arrives, the second chooses the limit.
///
/// The frames are the same however the stream is cut; framed again they are the bytes they came from; and what is held
/// is never more than what has arrived.
enum FrameCheck {
  private struct Outcome: Equatable {
    var bodies: [[UInt8]] = []
    var error: DisconnectReason?
    var heldByteCount = 0
  }

  static func run(_ input: [UInt8]) throws(BrokenProperty) -> FuzzTarget.Verdict {
    guard input.count > 2 else { return .refused }
    let size = max(1, Int(input[0]))
    let limit = input[1] & 1 == 0 ? 1_024 : 65_535
    let stream = input.dropFirst(2)
    let whole = try decode(stream, size: stream.count, limit: limit)
    let cut = try decode(stream, size: size, limit: limit)
    try require(whole == cut, "a stream cut into \(size) bytes gives other frames than the whole")
    var again: [UInt8] = []
    for body in whole.bodies { again += [UInt8(body.count >> 8), UInt8(body.count & 0xff)] + body }
    try require(stream.starts(with: again), "the frames are not those of the stream")
    if whole.error == nil {
      try require(again.count + whole.heldByteCount == stream.count, "bytes are neither in a frame nor held")
    }
    return whole.error == nil ? .accepted : .refused
  }

  private static func decode(
    _ stream: ArraySlice<UInt8>, size: Int, limit: Int
  ) throws(BrokenProperty) -> Outcome {
    var decoder = FrameDecoder(maximumBodyByteCount: limit)
    var outcome = Outcome()
    var rest = stream
    while !rest.isEmpty, outcome.error == nil {
      decoder.append(ByteBuffer(bytes: rest.prefix(size)))
      rest = rest.dropFirst(size)
      do throws(DisconnectReason) {
        while let body = try decoder.next() { outcome.bodies.append([UInt8](buffer: body)) }
      } catch {
        outcome.error = error
      }
      let heldLimit = outcome.error == nil ? limit + 2 : stream.count
      try require(decoder.heldByteCount <= heldLimit, "more than one unfinished frame is held")
    }
    // After an error it depends on the pieces how much of what follows has come already.
    outcome.heldByteCount = outcome.error == nil ? decoder.heldByteCount : 0
    return outcome
  }
}
