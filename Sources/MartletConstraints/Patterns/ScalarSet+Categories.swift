/// Characters by their general category.

extension ScalarSet {
    /// The scalars of a general category (`L`, `Lu`, `Nd`, …, `Letter`), as `\p{…}` names them; nil for other names.
    static func property(_ name: String) -> ScalarSet? {
        let long = [
            "Letter": "L", "Number": "N", "Punctuation": "P", "Symbol": "S", "Mark": "M",
            "Separator": "Z", "Uppercase_Letter": "Lu", "Lowercase_Letter": "Ll",
            "Decimal_Number": "Nd",
        ]
        let short = long[name] ?? name
        guard (1...2).contains(short.utf8.count), "LMNPSZC".contains(short.prefix(1)) else {
            return nil
        }
        var ranges: [ClosedRange<UInt32>] = []
        for range in Self.all.ranges {
            for value in range {
                guard let scalar = Unicode.Scalar(value),
                    code(scalar.properties.generalCategory).hasPrefix(short)
                else { continue }
                if let last = ranges.last, last.upperBound + 1 == value {
                    ranges[ranges.count - 1] = last.lowerBound...value
                } else {
                    ranges.append(value...value)
                }
            }
        }
        return ranges.isEmpty ? nil : ScalarSet(ranges)
    }

    private static func code(_ category: Unicode.GeneralCategory) -> String {
        switch category {
        case .uppercaseLetter: "Lu"
        case .lowercaseLetter: "Ll"
        case .titlecaseLetter: "Lt"
        case .modifierLetter: "Lm"
        case .otherLetter: "Lo"
        case .nonspacingMark: "Mn"
        case .spacingMark: "Mc"
        case .enclosingMark: "Me"
        case .decimalNumber: "Nd"
        case .letterNumber: "Nl"
        case .otherNumber: "No"
        case .connectorPunctuation: "Pc"
        case .dashPunctuation: "Pd"
        case .openPunctuation: "Ps"
        case .closePunctuation: "Pe"
        case .initialPunctuation: "Pi"
        case .finalPunctuation: "Pf"
        case .otherPunctuation: "Po"
        case .mathSymbol: "Sm"
        case .currencySymbol: "Sc"
        case .modifierSymbol: "Sk"
        case .otherSymbol: "So"
        case .spaceSeparator: "Zs"
        case .lineSeparator: "Zl"
        case .paragraphSeparator: "Zp"
        case .control: "Cc"
        case .format: "Cf"
        case .surrogate: "Cs"
        case .privateUse: "Co"
        case .unassigned: "Cn"
        @unknown default: "Cn"
        }
    }
}
