/// The pieces of a text side by side, on backgrounds that alternate, for a terminal.

import Martlet

enum TokenColors {
    /// Backgrounds that letters stay readable on, light or dark; neighbours differ.
    private static let backgrounds = [153, 157, 229, 224, 189]

    /// Each piece on its own background. Characters that no terminal should be told to obey are shown as escapes;
    /// a line break is shown as such and kept.
    static func paint(_ pieces: [String]) -> String {
        var result = ""
        for (index, piece) in pieces.enumerated() {
            let background = backgrounds[index % backgrounds.count]
            let on = "\u{1B}[30;48;5;\(background)m"
            var shown = ""
            for scalar in piece.unicodeScalars {
                switch scalar {
                case "\n": shown += "⏎\u{1B}[0m\n\(on)"
                case "\t": shown += "⇥"
                default:
                    switch scalar.properties.generalCategory {
                    case .control, .format, .surrogate, .privateUse, .unassigned:
                        shown += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
                    default: shown.unicodeScalars.append(scalar)
                    }
                }
            }
            result += on + (shown.isEmpty ? "·" : shown) + "\u{1B}[0m"
        }
        return result + "\n"
    }
}
