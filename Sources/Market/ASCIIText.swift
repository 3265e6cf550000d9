extension StringProtocol {
  /// Whether there are characters, and all are the digits 0 to 9.
  package var isDigits: Bool { !isEmpty && utf8.allSatisfy(\.isDigit) }

  /// Whether there are characters, and all are hexadecimal digits, the letters in lower case.
  package var isLowercaseHexadecimal: Bool { !isEmpty && utf8.allSatisfy { $0.isDigit || (0x61...0x66).contains($0) } }
}

extension UInt8 {
  /// Whether this is one of the characters 0 to 9 in ASCII.
  package var isDigit: Bool { (0x30...0x39).contains(self) }

  /// Whether this is one of the characters a to z in ASCII.
  package var isLowercaseLetter: Bool { (0x61...0x7A).contains(self) }
}
