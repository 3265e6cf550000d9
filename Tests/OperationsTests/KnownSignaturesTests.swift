import NodeCore
import NodeCrypto
import Testing

@testable import P2PNode

@Suite("signatures that are known to be good")
struct KnownSignaturesTests {
  private let identity = Identity.generate()

  private func check(_ domain: SigningDomain, node: NodeID? = nil, message: [UInt8] = [1, 2, 3]) -> SignatureCheck {
    SignatureCheck(
      node: node ?? identity.nodeID, message: message, signature: Signature(bytes: [UInt8](repeating: 7, count: 64))!,
      domain: domain)
  }

  @Test("a signature is known for its purpose, its signer and its message alone", arguments: SigningDomain.allCases)
  func purposes(_ domain: SigningDomain) {
    let known = KnownSignatures()
    known.insert(check(domain))
    #expect(known.contains(check(domain)))
    for other in SigningDomain.allCases where other != domain { #expect(!known.contains(check(other))) }
    #expect(!known.contains(check(domain, node: Identity.generate().nodeID)))
    #expect(!known.contains(check(domain, message: [1, 2])))
  }
}
