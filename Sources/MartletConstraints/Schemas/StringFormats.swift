/// The formats of strings that are enforced, as regular expressions.

/// What the keyword `format` may name.
enum StringFormats {
    private static let date = {
        let long = "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
        let short = "(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
        let february = "02-(?:0[1-9]|1[0-9]|2[0-8])"
        let leapYears =
            "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
        return "(?:[0-9]{4}-(?:\(long)|\(short)|\(february))|\(leapYears)-02-29)"
    }()

    private static let time = {
        let zone = "(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
        // A leap second is written in UTC alone.
        return "(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,30})?\(zone)"
            + "|23:59:60(?:\\.[0-9]{1,30})?(?:[Zz]|[+-]00:00))"
    }()

    /// No label has hyphens at its third and fourth place: such a label stands for other text, which is not decoded.
    private static let label = {
        let (edge, inner) = ("[A-Za-z0-9]", "[A-Za-z0-9-]")
        let long = "\(inner)(?:\(edge)\(inner)|-\(edge))\(inner){0,58}\(edge)"
        return "\(edge)(?:\(edge)|\(inner)\(edge)|\(inner){2}\(edge)|\(long))?"
    }()
    private static let byte = "(?:[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])"
    private static let ipv4 = "(?:\(byte)\\.){3}\(byte)"

    private static let ipv6 = {
        let group = "[0-9A-Fa-f]{1,4}"
        let last = "(?:\(group):\(group)|\(ipv4))"
        var forms = ["(?:\(group):){6}\(last)", "::(?:\(group):){5}\(last)"]
        for left in 0...4 {
            let before = left == 0 ? "(?:\(group))?" : "(?:(?:\(group):){0,\(left)}\(group))?"
            forms.append("\(before)::(?:\(group):){\(4 - left)}\(last)")
        }
        forms.append("(?:(?:\(group):){0,5}\(group))?::\(group)")
        forms.append("(?:(?:\(group):){0,6}\(group))?::")
        return "(?:" + forms.joined(separator: "|") + ")"
    }()

    private static let duration = {
        let time = "T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)"
        let date = "(?:[0-9]+D|[0-9]+M(?:[0-9]+D)?|[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?)"
        return "P(?:\(date)(?:\(time))?|\(time)|[0-9]+W)"
    }()

    private static let uri = {
        let unreserved = "A-Za-z0-9\\-._~"
        let escaped = "%[0-9A-Fa-f]{2}"
        let character = "(?:[\(unreserved)!$&'()*+,;=:@]|\(escaped))"
        let name = "(?:[\(unreserved)!$&'()*+,;=]|\(escaped))*"
        let user = "(?:(?:[\(unreserved)!$&'()*+,;=:]|\(escaped))*@)?"
        let host = "(?:\\[\(ipv6)\\]|\(name))"
        let authority = "\(user)\(host)(?::[0-9]*)?"
        let path =
            "(?://\(authority)(?:/\(character)*)*|/(?:\(character)+(?:/\(character)*)*)?"
            + "|\(character)+(?:/\(character)*)*|)"
        let rest = "(?:[\(unreserved)!$&'()*+,;=:@/?]|\(escaped))*"
        return "[A-Za-z][A-Za-z0-9+.\\-]*:\(path)(?:\\?\(rest))?(?:#\(rest))?"
    }()

    private static let email = {
        let atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
        return "\(atom)(?:\\.\(atom))*@\(label)(?:\\.\(label))*"
    }()

    /// The most characters of formats that have such a bound beside their expression.
    static let longest: [String: Int32] = ["hostname": 253]

    /// The expressions by the formats' names.
    static let expressions: [String: String] = [
        "date": date, "time": time, "date-time": "\(date)[Tt]\(time)", "duration": duration,
        "email": email, "hostname": "\(label)(?:\\.\(label))*", "ipv4": ipv4, "ipv6": ipv6,
        "uuid": "[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}", "uri": uri,
    ]
}
