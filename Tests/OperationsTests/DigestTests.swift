import Crypto
import Documents
import Testing

@Suite struct DigestTests {
  /// FIPS 180-4's examples.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
  ]) func `SHA-256 of known texts`(text: String, digest: String) {
    #expect(SHA256.hex(text) == digest)
  }

  @Test func `base64 comes back, and what is none is refused`() {
    for count in 0..<20 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 200) }
      #expect(Base64.decode(Base64.encode(bytes)) == bytes)
    }
    for text in ["A", "AA", "A===", "AAA ", "=AAA", "AA=A"] { #expect(Base64.decode(text) == nil) }
  }
}
