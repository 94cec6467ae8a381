/// What came from the keyboard, the mouse or the window.
package enum InputEvent: Sendable, Hashable {
  case key(Key)
  /// Bracketed paste, as one piece of text; never keys.
  case paste([UInt8])
  case mouse(MouseEvent)
  case resize(columns: Int, rows: Int)
}

package enum Key: Sendable, Hashable {
  /// A printable scalar as typed, space included.
  case character(Unicode.Scalar)
  /// A letter with Control, lower case: Ctrl-R is `.control("r")`.
  case control(Unicode.Scalar)
  case enter, escape, tab, backTab, backspace, delete, insert
  case up, down, left, right, home, end, pageUp, pageDown
  case function(Int)
}

package struct MouseEvent: Sendable, Hashable {
  package enum Kind: Sendable, Hashable { case press, doublePress, scrollUp, scrollDown }

  package var kind: Kind
  package var x: Int
  package var y: Int

  package init(kind: Kind, x: Int, y: Int) {
    self.kind = kind
    self.x = x
    self.y = y
  }
}
