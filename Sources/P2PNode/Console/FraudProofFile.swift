import Foundation
import Gossip
import Market
import NodeAPI
import NodeCore
import NodeCrypto

extension FraudProofDocument {
  /// The file of a proof of `genesis`'s market.
  init(_ proof: FraudProof, genesis: Genesis) {
    self.init(
      network: genesis.networkID.hex, genesis: Data(genesis.file).base64EncodedString(),
      proof: Data(proof.encoded()).base64EncodedString(), decoded: Decoded(proof))
  }

  /// Checks the file with nothing but what is in it: that the genesis is the network's, all signatures, that what is
  /// signed is a fraud of its kind, and that `decoded` says what the proof says.
  func verify(keys: VerifyingKeyCache) throws(FraudFileError) -> Decoded {
    guard format == Self.format else { throw .field("format", value: format, allowed: Self.format) }
    let genesis: Genesis
    do { genesis = try Genesis(file: try Self.base64(self.genesis, "genesis")) } catch let error as GenesisError {
      throw .genesis(error)
    } catch let error as FraudFileError { throw error } catch { preconditionFailure("an error of no known type") }
    guard genesis.networkID.hex == network else {
      throw .field("network", value: network, allowed: "\(genesis.networkID), the hash of the genesis")
    }
    let proof: FraudProof
    let bytes = try Self.base64(self.proof, "proof")
    do { proof = try FraudProof(decoding: bytes, maximumEntryBytes: genesis.limits.entryBytes) } catch {
      throw .proof(error)
    }
    for check in OperationCodec.signatureChecks(of: proof) {
      guard let key = try? keys.key(for: check.node),
        key.isValid(check.signature, over: check.message, domain: check.domain, network: genesis.networkID)
      else { throw .signature(check.node) }
    }
    guard OperationCodec(genesis: genesis).shows(proof) else { throw .showsNothing(proof.kind) }
    let signed = Decoded(proof)
    guard decoded == signed else { throw .field("decoded", value: "\(decoded)", allowed: "\(signed), as signed") }
    return signed
  }

  private static func base64(_ text: String, _ name: String) throws(FraudFileError) -> [UInt8] {
    guard let data = Data(base64Encoded: text), data.base64EncodedString() == text else {
      throw .field(name, value: "\(text.utf8.count) characters", allowed: "canonical base64")
    }
    return Array(data)
  }
}

extension FraudProofDocument.Decoded {
  init(_ proof: FraudProof) {
    self.init(
      author: proof.author.hex, kind: proof.kind.name, sequence: proof.sequence,
      timeMs: proof.entries[proof.entries.count - 1].time.milliseconds, entries: proof.entries.count)
  }
}

/// Why a file is no proof of fraud.
enum FraudFileError: Error, Equatable, CustomStringConvertible {
  /// A field has a value that is not allowed.
  case field(String, value: String, allowed: String)
  /// The genesis is none.
  case genesis(GenesisError)
  /// The bytes of the proof are none.
  case proof(FraudProofError)
  /// A signature is not the author's on this network.
  case signature(NodeID)
  /// All is signed, and no fraud.
  case showsNothing(FraudKind)

  var description: String {
    switch self {
    case .field(let name, let value, let allowed): "\(name) is \(value); allowed: \(allowed)"
    case .genesis(let error): "genesis: \(error)"
    case .proof(let error): error.description
    case .signature(let node): "a signature is not one of \(node) on this network"
    case .showsNothing(let kind): "what is signed is no fraud of the kind \(kind.name)"
    }
  }
}
