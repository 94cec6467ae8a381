import Documents
import CacheConsole
import Panels
import TestKit
import Testing

@Suite struct DocumentationTests {
  @Test func theKeyTableIsThatOfTheProgram() throws {
    let file = Repository.root + "/docs/keys.md"
    let made = Action.documentation()
    if ProcessEnvironment.variables()["RECORD_SNAPSHOTS"] == "1" {
      _ = try ChildProcess.run("sh", ["-c", "printf '%s' \"$1\" >\"$2\"", "sh", made, file])
    }
    let found = try FileReader.read(file).map { String(decoding: $0.bytes, as: UTF8.self) }
    #expect(
      found == made, "docs/keys.md is not what the registry says: RECORD_SNAPSHOTS=1 script/test")
  }
}
