import Market

extension Plan: CustomStringConvertible {
  /// What a person needs to know of it, without the steps.
  public var description: String {
    var kinds: [(String, Int)] = []
    for step in steps {
      let name = step.action.name
      if let known = kinds.firstIndex(where: { $0.0 == name }) { kinds[known].1 += 1 } else { kinds.append((name, 1)) }
    }
    let conditions = conditions
    return """
      \(scenario) of seed \(seed): \(nodes) nodes, \(milliseconds / 1000) s
        checkpoint after \(checkpointEntries) entries
        hostile    \(hostile.isEmpty ? "none" : hostile.map(\.rawValue).joined(separator: ", "))\
      \(hostile.isEmpty ? "" : hostilePersist ? ", to the end" : ", until the faults stop")
        network    latency \(conditions.latency) ms, loss \(conditions.lossPerMille) ‰, overtaking \
      \(conditions.reorderingPerMille) ‰, doubled \(conditions.duplicationPerMille) ‰, slow links \
      \(conditions.slowLinkPercent) % of \(conditions.slowBytesPerSecond) B/s
        nodes      commit \(conditions.commit) ms, verification \(conditions.verification) ms, batching \
      \(conditions.batching) ms, clocks \(conditions.clockOffset) ms and \(conditions.clockDriftPerMillion) ppm off
        steps      \(kinds.map { "\($0.1) \($0.0)" }.joined(separator: ", "))
      """
  }
}

extension Action {
  /// The kind in a word.
  public var name: String {
    switch self {
    case .place: "place"
    case .cancel: "cancel"
    case .amend: "amend"
    case .crash: "crash"
    case .readError: "read error"
    case .restoreBackup: "backup"
    case .join: "join"
    case .leave: "leave"
    case .partition: "partition"
    case .heal: "heal"
    case .reset: "reset"
    case .rotate: "rotation"
    case .diskFailure: "disk failure"
    case .slowDisks: "slow disks"
    case .setClock: "clock"
    }
  }

  /// Whether it is trouble, and not what a market is for.
  public var isFault: Bool {
    switch self {
    case .place, .cancel, .amend, .rotate, .heal: false
    default: true
    }
  }
}
