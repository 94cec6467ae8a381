internal import COpenSSL

/// The errors that OpenSSL keeps for each thread.
enum OpenSSLErrors {
  /// Reasons of libssl's errors, oldest first, and the text of the first; empties the queue.
  static func take() -> (reasons: [Int32], text: String) {
    var reasons: [Int32] = []
    var text = ""
    // Bounded, whatever OpenSSL does.
    for _ in 0..<32 {
      let code = ERR_get_error()
      guard code != 0 else { break }
      if copenssl_is_ssl_error(code) != 0 { reasons.append(copenssl_error_reason(code)) }
      if text.isEmpty, let reason = unsafe ERR_reason_error_string(code) {
        text = unsafe String(cString: reason)
      }
    }
    ERR_clear_error()
    return (reasons, text)
  }

  static func takeText() -> String {
    let text = take().text
    return text.isEmpty ? "no reason given" : text
  }
}
