/// The themes that need no file. `dark` says the same as `themes/dark.json5`; a test holds them
/// together.
extension Theme {
  /// For dark backgrounds: the default.
  package static let dark = builtIn(name: "dark", roles: darkRoles)

  /// Attributes only; what NO_COLOR and terminals without colour get from every theme.
  package static let mono = builtIn(name: "mono", roles: monoRoles)

  package static let darkRoles: [String: RoleSpecification] = [
    "normal": RoleSpecification(),
    "dim": RoleSpecification(foreground: "#8b949e"),
    "title": RoleSpecification(foreground: "#ffffff", bold: true),
    "header": RoleSpecification(foreground: "#9fb4cc", bold: true),
    "selection": RoleSpecification(foreground: "#ffffff", background: "#264f78", bold: true),
    "ok": RoleSpecification(foreground: "#7fd962"),
    "warning": RoleSpecification(foreground: "#ffb454"),
    "critical": RoleSpecification(foreground: "#ff6b6b", bold: true),
    "stale": RoleSpecification(foreground: "#b39ddb"),
    "accent": RoleSpecification(foreground: "#59c2ff"),
    "border": RoleSpecification(foreground: "#5c6773"),
    "key": RoleSpecification(foreground: "#73d0ff", bold: true),
    "graph": RoleSpecification(foreground: "#5fb3b3"),
    "mark": RoleSpecification(foreground: "#ffd173", bold: true),
    "masked": RoleSpecification(foreground: "#7d8590"),
    "development": RoleSpecification(foreground: "#7fd962", bold: true),
    "staging": RoleSpecification(foreground: "#1b1b1b", background: "#ffb454", bold: true),
    "production": RoleSpecification(foreground: "#ffffff", background: "#b3261e", bold: true),
  ]

  package static let monoRoles: [String: RoleSpecification] = [
    "normal": RoleSpecification(),
    "dim": RoleSpecification(dim: true),
    "title": RoleSpecification(bold: true),
    "header": RoleSpecification(underline: true),
    "selection": RoleSpecification(reverse: true),
    "ok": RoleSpecification(),
    "warning": RoleSpecification(bold: true),
    "critical": RoleSpecification(bold: true, reverse: true),
    "stale": RoleSpecification(dim: true),
    "accent": RoleSpecification(bold: true),
    "border": RoleSpecification(dim: true),
    "key": RoleSpecification(bold: true),
    "graph": RoleSpecification(),
    "mark": RoleSpecification(bold: true, underline: true),
    "masked": RoleSpecification(dim: true),
    "development": RoleSpecification(),
    "staging": RoleSpecification(bold: true),
    "production": RoleSpecification(bold: true, reverse: true),
  ]

  private static func builtIn(name: String, roles: [String: RoleSpecification]) -> Theme {
    do {
      return try Theme(name: name, roles: roles)
    } catch {
      // Safe: the tables above are constants, and a test builds both themes.
      preconditionFailure("the built-in theme \(name) is invalid: \(error)")
    }
  }
}
