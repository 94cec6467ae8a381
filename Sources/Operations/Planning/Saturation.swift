extension UInt64 {
  /// The nearest number that there is: what a server says about itself may be anything.
  package init(saturating value: Double) {
    if value >= 0x1p64 {
      self = .max
    } else {
      // Not a number is not above 0.
      self = value > 0 ? UInt64(value) : 0
    }
  }
}
