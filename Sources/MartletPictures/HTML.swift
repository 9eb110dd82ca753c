/// Text on its way into a page or a picture, and the frame of a page.

/// Text as part of a page.
package enum HTML {
    /// The text with what means something to a page written out.
    package static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
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
