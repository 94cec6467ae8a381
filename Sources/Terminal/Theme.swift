/// How a role is to look, as a theme file says it: colours by name, attributes.
package struct RoleSpecification: Sendable, Hashable {
  /// The keys that a role may have in a theme file, in the order of the properties below.
  package static let keys = ["fg", "bg", "bold", "dim", "underline", "reverse"]

  package var foreground: String?
  package var background: String?
  package var bold: Bool
  package var dim: Bool
  package var underline: Bool
  package var reverse: Bool

  package init(
    foreground: String? = nil, background: String? = nil, bold: Bool = false, dim: Bool = false,
    underline: Bool = false, reverse: Bool = false
  ) {
    self.foreground = foreground
    self.background = background
    self.bold = bold
    self.dim = dim
    self.underline = underline
    self.reverse = reverse
  }

  var attributes: TextAttributes {
    var attributes: TextAttributes = []
    if bold { attributes.insert(.bold) }
    if dim { attributes.insert(.dim) }
    if underline { attributes.insert(.underline) }
    if reverse { attributes.insert(.reverse) }
    return attributes
  }
}

/// What is wrong with a theme, at which key, and what would be right.
package struct ThemeError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The path of the key: `roles.ok.fg`.
  package var key: String
  package var message: String

  package init(key: String, message: String) {
    self.key = key
    self.message = message
  }

  package var description: String { "\(key): \(message)" }
}

/// How each role looks, at every colour depth.
package struct Theme: Sendable, Hashable {
  /// What a cell gets: colours within the terminal's depth, and attributes.
  package struct Appearance: Sendable, Hashable {
    package var foreground: ThemeColor
    package var background: ThemeColor
    package var attributes: TextAttributes
  }

  package let name: String
  /// By raw value of the role; mixed from file, `normal` and the attributes of ``mono``.
  private let roles: [Role]

  private struct Role: Sendable, Hashable {
    var foreground: ThemeColor
    var background: ThemeColor
    var attributes: TextAttributes
    /// Has a background of its own, not that of `normal`: where there is no colour it is reversed.
    var isBlock: Bool
  }

  /// A colour that a role does not give is that of `normal`; a role that is left out has the
  /// attributes of the built-in mono theme, so that a selection is never invisible.
  package init(name: String, roles specifications: [String: RoleSpecification]) throws(ThemeError) {
    for key in specifications.keys.sorted() where StyleRole(name: key) == nil {
      throw ThemeError(
        key: "roles.\(DrawableText.escape(key, isUnicode: false, limit: 60))",
        message: "no such role; roles are \(StyleRole.allCases.map(\.name).joined(separator: ", "))"
      )
    }
    let normal = specifications[StyleRole.normal.name] ?? RoleSpecification()
    let standard = (
      foreground: try Self.color(normal.foreground, key: "roles.normal.fg") ?? .standard,
      background: try Self.color(normal.background, key: "roles.normal.bg") ?? .standard
    )
    var roles: [Role] = []
    for role in StyleRole.allCases {
      guard let specification = specifications[role.name] ?? Self.monoRoles[role.name] else {
        roles.append(
          Role(
            foreground: standard.foreground, background: standard.background, attributes: [],
            isBlock: false))
        continue
      }
      let key = "roles.\(role.name)"
      let background = try Self.color(specification.background, key: "\(key).bg")
      roles.append(
        Role(
          foreground: try Self.color(specification.foreground, key: "\(key).fg")
            ?? standard.foreground,
          background: background ?? standard.background,
          attributes: specification.attributes,
          isBlock: role != .normal && background.map { $0 != standard.background } ?? false))
    }
    self.name = name
    self.roles = roles
  }

  /// What a style looks like on a terminal of that depth.
  package func appearance(
    of style: Style, depth: Capabilities.ColorDepth
  ) -> Appearance {
    let role = roles[Int(style.role.rawValue)]
    var attributes = role.attributes.union(style.attributes)
    if depth == .mono {
      if role.isBlock { attributes.insert(.reverse) }
      return Appearance(foreground: .standard, background: .standard, attributes: attributes)
    }
    var foreground = role.foreground.reduced(to: depth)
    let background = role.background.reduced(to: depth)
    if foreground == background, role.foreground != role.background {
      // Two colours that fell together would hide the text.
      foreground = .indexed((background.luminance ?? 0) < 128 ? 15 : 0)
    }
    return Appearance(foreground: foreground, background: background, attributes: attributes)
  }

  private static func color(_ text: String?, key: String) throws(ThemeError) -> ThemeColor? {
    guard let text else { return nil }
    if let color = ThemeColor(parsing: text) { return color }
    let shown = DrawableText.escape(text, isUnicode: false, limit: 40)
    throw ThemeError(
      key: key,
      message: "\"\(shown)\" is not a colour; allowed are \"#rrggbb\", \"#rgb\", \"default\" and "
        + ThemeColor.names.map { "\"\($0)\"" }.joined(separator: ", "))
  }
}
