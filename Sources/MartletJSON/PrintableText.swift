/// Text from outside as it may be shown: it can neither steer a terminal nor flood it.

/// A path as it may be shown: control characters would let a file name steer the terminal.
package func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) {
            result += "\\u{" + String(scalar.value, radix: 16) + "}"
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
    return result
}

/// What a file or a user said, inside a sentence: printable, and cut where it goes on for longer than a sentence.
package func excerpt(_ text: String) -> String {
    let limit = 300
    let head = text.unicodeScalars.prefix(limit)
    return printable(String(head)) + (head.endIndex == text.unicodeScalars.endIndex ? "" : "…")
}

/// A name that came out of a file: quoted, printable and short, since a damaged header may hold
/// megabytes of it.
package func quoted(_ text: String) -> String {
    let limit = 80
    let head = text.unicodeScalars.prefix(limit)
    let shown = printable(String(head))
    return head.endIndex == text.unicodeScalars.endIndex ? "\"\(shown)\"" : "\"\(shown)…\""
}
