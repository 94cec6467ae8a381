package import Documents
private import Glibc

/// Finds, checks and merges the configuration files.
package struct ConfigurationLoader: Sendable {
  /// Read in this order; the user's file may only lower rights.
  package var files: [String]
  /// True when the user named the file: then it must exist.
  package var isExplicit: Bool

  package init(explicit: String?, environment: [String: String]) {
    if let explicit {
      files = [explicit]
      isExplicit = true
    } else {
      files = ["/etc/cacheconsole/config.json5"]
      if let folder = Folders.configuration(environment) { files.append("\(folder)/config.json5") }
      isExplicit = false
    }
  }

  /// - Returns: nil where no file exists.
  package func load() throws(DocumentError) -> Configuration? {
    var merged: Configuration?
    for file in files {
      guard let contents = try FileReader.read(file) else {
        if isExplicit { throw DocumentError(file: file, detail: "there is no such file") }
        continue
      }
      let parsed = try Configuration(parsing: contents.bytes, file: file)
      try Self.checkSecrets(parsed, contents, file: file)
      if merged == nil { merged = parsed } else { merged?.merge(parsed) }
    }
    return merged
  }

  /// A file with a password in it must not be readable by others.
  private static func checkSecrets(
    _ configuration: Configuration, _ contents: FileReader.Contents, file: String
  ) throws(DocumentError) {
    let hasSecret = configuration.environments.flatMap(\.servers).contains {
      ServerPlan.hasPassword(url: $0.url)
    }
    guard hasSecret, contents.mode & 0o077 != 0 else { return }
    throw DocumentError(
      file: file,
      detail: "a server's url holds a password and others may read the file: chmod 600 it, or use"
        + " password_file or password_environment")
  }
}

/// The XDG folders (https://specifications.freedesktop.org/basedir-spec/latest/).
package enum Folders {
  package static func configuration(_ environment: [String: String]) -> String? {
    folder(environment, "XDG_CONFIG_HOME", ".config")
  }

  package static func state(_ environment: [String: String]) -> String? {
    folder(environment, "XDG_STATE_HOME", ".local/state")
  }

  private static func folder(
    _ environment: [String: String], _ variable: String, _ fallback: String
  ) -> String? {
    // The specification: a relative path is invalid and must be ignored.
    if let value = environment[variable], value.hasPrefix("/") { return "\(value)/cacheconsole" }
    guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
    return "\(home)/\(fallback)/cacheconsole"
  }
}
