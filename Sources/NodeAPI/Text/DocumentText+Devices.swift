extension DocumentText {
  /// The GPUs of this machine.
  ///
  /// - Parameter hasNetwork: whether the classes of a network were at hand.
  public static func devices(_ document: DevicesDocument, hasNetwork: Bool, colours: Bool) -> String {
    var parts: [String] = []
    if document.devices.isEmpty {
      parts.append("No GPU was found on this machine.")
    } else {
      parts.append(table(of: document.devices, hasNetwork: hasNetwork).render(colours: colours))
    }
    var sources = TextTable([.init(""), .init(""), .init("")])
    for source in document.sources {
      let count = document.devices.count { $0.source == source.source }
      let found = count == 0 ? "no GPU" : Self.count(count, "GPU")
      sources.append([
        .init(source.source, .dim), .init(source.state, source.state == "failed" ? .red : .plain),
        .init(source.detail ?? found),
      ])
      for problem in source.problems { sources.append(["", .init("problem", .yellow), .init(problem)]) }
    }
    parts.append(sources.render(colours: colours))
    if !document.devices.isEmpty, !hasNetwork {
      parts.append("No node runs in the data directory, so the network's classes are not known.")
    }
    return parts.joined(separator: "\n\n")
  }

  private static func table(of devices: [DeviceDocument], hasNetwork: Bool) -> TextTable {
    var table = TextTable([
      .init("GPU", .right), .init("NAME"), .init("VRAM MiB", .right), .init("CLASS"), .init("JOINED BY"),
      .init("DRIVER"), .init("CAP W", .right),
    ])
    for device in devices {
      let gpuClass: TextTable.Cell =
        if device.partitioned {
          .init("none: cut into instances", .yellow)
        } else if let gpuClass = device.gpuClass {
          .init(gpuClass, .cyan)
        } else {
          hasNetwork ? .init("none of this network", .yellow) : ""
        }
      table.append([
        .init(device.index), .init(device.name), .init(device.vramMib), gpuClass, .init(device.interconnect ?? "-"),
        .init(device.driver ?? "-"), .init(device.wattsPerGpu.map { String($0) } ?? "-"),
      ])
    }
    return table
  }
}
