import Foundation
import Logging
import Market
import Testing

@testable import P2PNode

@Suite("The configuration")
struct ConfigurationTests {
  /// One setting in each layer that can have it.
  struct Layered: Sendable, CustomTestStringConvertible {
    let key: ConfigurationKey
    let flag: [String]?
    let variable: String
    let line: String
    /// What the flag, the variable, the file and the default come to.
    let texts: [[String]]

    var testDescription: String { key.name }
  }

  static let layered = [
    Layered(
      key: .listen, flag: ["127.0.0.1:1"], variable: "127.0.0.1:2", line: "listen: 127.0.0.1:3",
      texts: [["127.0.0.1:1"], ["127.0.0.1:2"], ["127.0.0.1:3"], []]),
    Layered(
      key: .advertise, flag: ["a.example"], variable: "b.example", line: "advertise: c.example",
      texts: [["a.example"], ["b.example"], ["c.example"], []]),
    Layered(
      key: .peers, flag: ["a:1", "b:2"], variable: "c:3,d:4", line: "peers: [e:5, f:6]",
      texts: [["a:1", "b:2"], ["c:3", "d:4"], ["e:5", "f:6"], []]),
    Layered(
      key: .keepHistory, flag: ["false"], variable: "true", line: "keep_history: true",
      texts: [["false"], ["true"], ["true"], ["false"]]),
    Layered(
      key: .http, flag: ["127.0.0.1:1"], variable: "127.0.0.1:2", line: "http: 127.0.0.1:3",
      texts: [["127.0.0.1:1"], ["127.0.0.1:2"], ["127.0.0.1:3"], []]),
    Layered(
      key: .httpAllowRemote, flag: ["false"], variable: "true", line: "http_allow_remote: true",
      texts: [["false"], ["true"], ["true"], ["false"]]),
    Layered(
      key: .httpNames, flag: ["a:1"], variable: "b:2,c:3", line: "http_names: [d:4]",
      texts: [["a:1"], ["b:2", "c:3"], ["d:4"], []]),
    Layered(
      key: .logLevel, flag: ["debug"], variable: "info", line: "log_level: error",
      texts: [["debug"], ["info"], ["error"], ["notice"]]),
    Layered(
      key: .logFormat, flag: ["human"], variable: "json", line: "log_format: human",
      texts: [["human"], ["json"], ["human"], ["auto"]]),
    Layered(
      key: .acceptOffers, flag: nil, variable: "false", line: "offers: {accept: false}",
      texts: [[], ["false"], ["false"], ["true"]]),
    Layered(
      key: .minimumPrice.forClass("h100-sxm-80g"), flag: nil, variable: "2.10",
      line: "offers:\n  minimum_price:\n    h100-sxm-80g: 1.80", texts: [[], ["2.10"], ["1.80"], []]),
    Layered(
      key: .maximumOpenGPUs, flag: nil, variable: "8", line: "offers:\n  maximum_open_gpus: 16",
      texts: [[], ["8"], ["16"], []]),
    Layered(
      key: .region, flag: nil, variable: "EU-FR", line: "offers:\n  attributes:\n    region: NA",
      texts: [[], ["EU-FR"], ["NA"], []]),
  ]

  @Test("a flag goes before a variable, that before config.yaml, that before the default", arguments: layered)
  func precedence(_ layered: Layered) throws {
    let directory = try SettingsDirectory(layered.line)
    let flags = layered.flag.map { [layered.key.name: $0] } ?? [:]
    let variables = [layered.key.variable: layered.variable]
    let file = "\(directory.file), line \(layered.line.split(separator: "\n").count)"

    func entry(
      _ flags: [String: [String]], _ variables: [String: String]
    ) throws -> (texts: [String], from: ConfigurationLayer?, place: String?) {
      let entry = try directory.source(flags, variables).layers()[layered.key]
      return (entry?.texts ?? [], entry?.layer, entry?.place)
    }
    if layered.flag != nil {
      #expect(try entry(flags, variables) == (layered.texts[0], .flag, layered.key.flag))
    }
    #expect(try entry([:], variables) == (layered.texts[1], .environment, layered.key.variable))
    #expect(try entry([:], [:]) == (layered.texts[2], .file, file))
    try FileManager.default.removeItem(atPath: directory.file)
    let standard: ConfigurationLayer? = layered.texts[3].isEmpty ? nil : .standard
    #expect(try entry([:], [:]) == (layered.texts[3], standard, nil))
  }

  @Test("the names of the flags and variables follow from the keys'")
  func names() {
    #expect(ConfigurationKey.keepHistory.flag == "--keep-history")
    #expect(ConfigurationKey.peers.flag == "--peer")
    #expect(ConfigurationKey.watts.variable == "P2PNODE_OFFERS_ATTRIBUTES_WATTS_PER_GPU")
    #expect(
      ConfigurationKey.minimumPrice.forClass("h100-sxm-80g").variable == "P2PNODE_OFFERS_MINIMUM_PRICE_H100_SXM_80G")
  }

  @Test("settings are read into what the node goes by")
  func settings() throws {
    let directory = try SettingsDirectory(
      """
      listen: "[::1]:47100"
      log_level: trace
      offers:
        accept: false
        minimum_price:
          a100-sxm-80g: 1.2
        maximum_open_gpus: 0
        attributes:
          region: EU-FR
          watts_per_gpu: 650
      """)
    let settings = try directory.source().settings()
    #expect(settings.listen == HostPort(host: "::1", port: 47100))
    #expect(settings.logLevel == .trace)
    #expect(settings.logFormat == nil)
    #expect(!settings.offers.acceptsOffers)
    #expect(settings.offers.minimumPrices == [GPUClassIndex(1): Price(micros: 1_200_000)])
    #expect(settings.offers.maximumOpenGPUs == 0)
    #expect(settings.offers.attributes == Attributes(region: "EU-FR", wattsPerGPU: 650))
  }

  @Test(
    "an empty file, one with comments alone and an empty section say nothing", arguments: ["", "# x\n", "offers:\n"])
  func empty(_ text: String) throws {
    let settings = try SettingsDirectory(text).source().settings()
    #expect(settings == (try SettingsDirectory().source().settings()))
  }

  /// A file and what is said of it, behind the file's path.
  static let badFiles: [(text: String, error: String)] = [
    ("lisen: 127.0.0.1:1", ", line 1: \"lisen\" is not a setting; did you mean listen? Allowed: listen, advertise, "),
    (
      "listen: 127.0.0.1:1\n\noffers:\n  atributes:\n    region: EU\n",
      ", line 4: \"offers.atributes\" is not a setting"
    ),
    (
      "offers:\n  minimum_price:\n    h100-sxm-80: 2.10",
      ", line 3: \"offers.minimum_price.h100-sxm-80\" is not a setting; did you mean "
        + "offers.minimum_price.h100-sxm-80g? Allowed: "
    ),
    (
      "log_level: loud",
      ", line 1: log_level is \"loud\"; allowed: trace, debug, info, notice, warning, error, critical"
    ),
    ("log_format: xml", ", line 1: log_format is \"xml\"; allowed: auto, human, json"),
    ("keep_history: yes", ", line 1: keep_history is \"yes\"; allowed: true or false"),
    ("listen: 127.0.0.1", ", line 1: listen is \"127.0.0.1\"; allowed: HOST:PORT, such as 127.0.0.1:47100"),
    ("peers: [a:1, b]", ", line 1: peers is \"b\"; allowed: a list of HOST:PORT"),
    ("peers: a:1", ", line 1: peers is not a list; allowed: a list of HOST:PORT"),
    ("listen: [a:1]", ", line 1: listen is not one value; allowed: HOST:PORT"),
    ("advertise: a b", ", line 1: advertise is \"a b\"; allowed: a host name or an address without a port"),
    ("offers: none", ", line 1: offers is not a section of keys and values"),
    (
      "offers:\n  maximum_open_gpus: -1", ", line 2: offers.maximum_open_gpus is \"-1\"; allowed: 0 to 2147483647"
    ),
    (
      "offers:\n  minimum_price:\n    h100-sxm-80g: 2.105",
      ", line 3: offers.minimum_price.h100-sxm-80g is \"2.105\"; allowed: 0.01 to 1000.00 USD per GPU-hour in "
        + "multiples of 0.01"
    ),
    (
      "offers:\n  attributes:\n    region: Europe",
      ", line 3: offers.attributes.region is \"Europe\"; allowed: CONTINENT or CONTINENT-COUNTRY in capitals"
    ),
    (
      "offers:\n  attributes:\n    gco2_per_kwh: 0",
      ", line 3: offers.attributes.gco2_per_kwh is \"0\"; allowed: 1 to 4294967295"
    ),
    ("- listen", " is not a configuration: it has to be lines of \"key: value\""),
    ("listen: \"127", " is not a configuration: "),
  ]

  @Test("what is wrong with a file is said with the line, the nearest key and what is allowed", arguments: badFiles)
  func badFile(_ text: String, _ error: String) throws {
    let directory = try SettingsDirectory(text)
    let thrown = #expect(throws: ConfigurationError.self) { try directory.source().settings() }
    let description = thrown?.description ?? ""
    #expect(description.contains(directory.file + error), "\(description)")
  }

  @Test("what is wrong with a flag or a variable is said by the name that was typed")
  func badWords() throws {
    let directory = try SettingsDirectory("log_level: info")
    func error(_ flags: [String: [String]], _ variables: [String: String] = [:]) -> String? {
      #expect(throws: ConfigurationError.self) { try directory.source(flags, variables).settings() }?.description
    }
    #expect(
      error(["log_level": ["loud"]])
        == "--log-level is \"loud\"; allowed: trace, debug, info, notice, warning, error, critical")
    #expect(error([:], ["P2PNODE_KEEP_HISTORY": "1"]) == "P2PNODE_KEEP_HISTORY is \"1\"; allowed: true or false")
    #expect(error([:], ["P2PNODE_PEERS": "a:1,b"]) == "P2PNODE_PEERS is \"b\"; allowed: a list of HOST:PORT")
    let unknown = error([:], ["P2PNODE_LOG_LEVL": "info"]) ?? ""
    #expect(
      unknown.hasPrefix("the environment: \"P2PNODE_LOG_LEVL\" is not a setting; did you mean P2PNODE_LOG_LEVEL? "),
      "\(unknown)")
  }

  @Test("variables of others are let alone")
  func otherVariables() throws {
    let environment = [
      "P2PNODE_DATA": "x", "P2PNODE_PASSPHRASE": "x", "P2PNODE_WARNINGS_AS_ERRORS": "1", "P2PNODE_BINARY": "x",
      "P2PNODE_ONLY": "core", "P2PNODE_LISTEN": "",
    ]
    #expect(try SettingsDirectory().source([:], environment).settings() == SettingsDirectory().source().settings())
  }
}
