/// Text on its way into a page or a picture, and the frame of a page.

/// Text as part of a page.
package enum HTML {
    /// The text with what means something to a page written out, and control characters as their pictures.
    package static func escaped(_ text: String) -> String {
        var result = ""
        // Scalars: a mark that joins what stands before it would hide it from a comparison of characters.
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n", "\r", "\t": result.unicodeScalars.append(scalar)
            case "\0"..<" ":
                // The block of control pictures has their order.
                result.unicodeScalars.append(Unicode.Scalar(0x2400 + scalar.value) ?? scalar)
            case "\u{7F}"..."\u{9F}": result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// JSON as the content of a script element, which nothing in it can end.
    package static func scriptData(_ json: [UInt8]) -> String {
        String(decoding: json, as: UTF8.self).replacing("<", with: "\\u003c")
    }

    /// A whole page that fetches nothing.
    ///
    /// - Parameters:
    ///   - title: plain text.
    ///   - style: CSS.
    ///   - body: what the page shows, as HTML.
    ///   - script: runs when the body is there.
    package static func page(title: String, style: String, body: String, script: String) -> String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(escaped(title))</title>
        <style>
        \(style)
        </style></head>
        <body>
        \(body)<script>
        \(script)
        </script></body></html>

        """
    }
}
