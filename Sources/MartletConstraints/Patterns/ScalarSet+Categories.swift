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
        for run in categories where run.code.hasPrefix(short) {
            if let last = ranges.last, last.upperBound + 1 == run.scalars.lowerBound {
                ranges[ranges.count - 1] = last.lowerBound...run.scalars.upperBound
            } else {
                ranges.append(run.scalars)
            }
        }
        return ranges.isEmpty ? nil : ScalarSet(ranges)
    }

    /// All scalars in runs of one category, in order. To ask a million scalars takes long, so it is done once.
    private static let categories: [(scalars: ClosedRange<UInt32>, code: String)] = {
        var runs: [(scalars: ClosedRange<UInt32>, code: String)] = []
        for range in all.ranges {
            var start = range.lowerBound
            var category: Unicode.GeneralCategory?
            func end(at last: UInt32) {
                if let category { runs.append((start...last, code(category))) }
            }
            for value in range {
                let own = Unicode.Scalar(value)?.properties.generalCategory
                guard own != category else { continue }
                if value > start { end(at: value - 1) }
                (start, category) = (value, own)
            }
            end(at: range.upperBound)
        }
        return runs
    }()

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
