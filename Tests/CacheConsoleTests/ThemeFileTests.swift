import Documents
import CacheConsole
import Terminal
import TestKit
import Testing

@Suite struct ThemeFileTests {
  private let shipped = ThemeFiles(folders: [Repository.root + "/themes"])

  @Test func everyShippedThemeLoads() throws {
    let names = shipped.names()
    for required in ["dark", "light", "high-contrast", "mono"] { #expect(names.contains(required)) }
    for name in names { #expect(try shipped.load(name).name == name) }
  }

  @Test func theBuiltInThemesAreTheirFiles() throws {
    #expect(try shipped.load("dark") == Theme.dark)
    #expect(try shipped.load("mono") == Theme.mono)
  }

  @Test func theUsersFolderWins() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      "dark.json5",
      "{ schema: 'cacheconsole.theme', version: 1, name: 'mine', roles: { ok: { fg: '#00ff00' } } }"
    )
    let files = ThemeFiles(folders: [folder.path, Repository.root + "/themes"])
    #expect(try files.load("dark").name == "mine")
  }

  @Test(
    arguments: [
      ("roles: { okay: { fg: 'red' } }", 2, "no such role"),
      ("\nroles: { ok: { fg: 'rather red' } }", 3, "roles.ok.fg"),
      ("roles: { ok: { colour: 'red' } }", 2, "unknown key 'roles.ok.colour'"),
      ("roles: { ok: { bold: 1 } }", 2, "expected true or false"),
      ("roles: { ok: { fg: '#12' ", 2, "a comma or '}' is missing"),
    ] as [(String, Int, String)])
  func mistakesNameTheFileAndTheLine(body: String, line: Int, expected: String) {
    let text = "{ schema: 'cacheconsole.theme', version: 1, name: 'x',\n\(body)}"
    do throws(DocumentError) {
      _ = try ThemeFiles.parse(Array(text.utf8), file: "x.json5")
      Issue.record("accepted \(text)")
    } catch {
      #expect(error.description.contains("x.json5:\(line)"), "\(error.description)")
      #expect(error.description.contains(expected), "\(error.description)")
    }
  }

  @Test(arguments: ["../../etc/passwd", "", "a b", ".", "\u{1B}[2J"])
  func aNameIsNotAPath(name: String) {
    #expect(throws: DocumentError.self) { try shipped.load(name) }
  }

  @Test func anUnknownNameIsAnswered() {
    do throws(DocumentError) {
      _ = try shipped.load("drak")
      Issue.record("loaded")
    } catch {
      #expect(error.description.contains("did you mean 'dark'?"))
    }
  }
}
