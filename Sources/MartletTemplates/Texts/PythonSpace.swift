/// White space as Python's `str.isspace` has it, in UTF-8.

enum PythonSpace {
    /// The bytes of the white space character that begins at `place`; nil where there is another.
    static func width(in bytes: ArraySlice<UInt8>, at place: Int) -> Int? {
        guard place < bytes.endIndex else { return nil }
        switch bytes[place] {
        case 0x09...0x0D, 0x1C...0x20: return 1
        case 0xC2:
            guard place + 1 < bytes.endIndex else { return nil }
            return bytes[place + 1] == 0x85 || bytes[place + 1] == 0xA0 ? 2 : nil
        case 0xE1, 0xE2, 0xE3:
            guard place + 2 < bytes.endIndex else { return nil }
            switch (bytes[place], bytes[place + 1], bytes[place + 2]) {
            case (0xE1, 0x9A, 0x80), (0xE2, 0x80, 0x80...0x8A), (0xE2, 0x80, 0xA8...0xA9),
                (0xE2, 0x80, 0xAF), (0xE2, 0x81, 0x9F), (0xE3, 0x80, 0x80):
                return 3
            default: return nil
            }
        default: return nil
        }
    }

    /// The bytes of the white space character that ends before `place`; nil where there is another.
    static func width(in bytes: ArraySlice<UInt8>, endingAt place: Int) -> Int? {
        for count in 1...3 where place - count >= bytes.startIndex {
            if width(in: bytes[..<place], at: place - count) == count { return count }
        }
        return nil
    }
}
