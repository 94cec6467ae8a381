package import Documents
private import Glibc

/// Finds, checks and merges the configuration files.
package struct ConfigurationLoader: Sendable {
  /// Where rights are given. No variable and no option names another one.
  package static let systemFile = "/etc/cacheconsole/config.json5"

  /// Read in this order; the user's file may only lower rights.
  package var files: [String]
  /// True when the user named the file: then it must exist.
  package var isExplicit: Bool
  private let systemFile: String
  private let systemOwner: UInt32

  /// - Parameters:
  ///   - systemFile: always read, also beside a file that the user named. For tests.
  ///   - systemOwner: who must own it if it has roles: root. For tests.
  package init(
    explicit: String?, environment: [String: String], systemFile: String = Self.systemFile,
    systemOwner: UInt32 = 0
  ) {
    self.systemFile = systemFile
    self.systemOwner = systemOwner
    files = [systemFile]
    isExplicit = explicit != nil
    if let explicit {
      files.append(explicit)
    } else if let folder = Folders.configuration(environment) {
      files.append("\(folder)/config.json5")
    }
  }

  /// - Returns: nil where no file exists.
  package func load() throws(DocumentError) -> Configuration? {
    var merged: Configuration?
    for (index, file) in files.enumerated() {
      // By place and not by name: --config may name the system's file, and then it is both.
      let isSystem = index == 0
      guard let contents = try FileReader.read(file) else {
        if isExplicit, !isSystem {
          throw DocumentError(file: file, detail: "there is no such file")
        }
        continue
      }
      let parsed = try Configuration(
        parsing: contents.bytes, file: file, isSystem: isSystem || file == systemFile)
      try Self.checkSecrets(parsed, contents, file: file)
      if isSystem, parsed.roles != nil { try checkOwner(contents) }
      if merged == nil {
        merged = parsed
        if !isSystem { merged?.roles = nil }
      } else if isExplicit {
        merged?.replace(by: parsed)
      } else {
        merged?.merge(parsed)
      }
    }
    return merged
  }

  /// Who may write the file or its folder gives the roles.
  private func checkOwner(_ contents: FileReader.Contents) throws(DocumentError) {
    let folder = String(systemFile[..<(systemFile.lastIndex(of: "/") ?? systemFile.endIndex)])
    var status = stat()
    guard unsafe stat(folder, &status) == 0 else {
      throw DocumentError(file: folder, detail: "cannot be looked at: \(SystemMessage.last())")
    }
    for (path, owner, mode, wanted) in [
      (systemFile, contents.owner, contents.mode, "644"),
      (folder, status.st_uid, status.st_mode, "755"),
    ] {
      guard owner == systemOwner, mode & 0o022 == 0 else {
        throw DocumentError(
          file: path,
          detail: (owner == systemOwner
            ? "others may write it" : "belongs to user \(owner), not to root")
            + ", so the roles in it cannot be trusted and nothing is started;"
            + " an administrator can: chown root:root \(path) && chmod \(wanted) \(path)")
      }
    }
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
