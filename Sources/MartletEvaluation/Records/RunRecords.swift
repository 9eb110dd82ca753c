/// A file of records with its header; knows nothing of what the records say.

public import Martlet
public import MartletFormats

/// The records of a run in a file of JSON lines, only ever appended to, so that a killed run goes on where it was and
/// every figure can be traced to the text that made it.
public final class RunRecords {
    private let file: JSONLinesFile

    /// What a figure of a record may be; a line with another is no record, and its problem is measured again.
    static let costs = 0.0...1e18

    /// A figure that older records lack: nil inside where it is missing or null, nil altogether where it is no cost.
    static func cost(_ key: String, of record: JSONObject) -> Double?? {
        guard let value = record[key], value != .null else { return .some(nil) }
        guard let cost = value.doubleValue, costs.contains(cost) else { return nil }
        return cost
    }

    /// Opens a run's file, or begins it. A last line that was cut short is removed.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - header: the first line, which an existing file must have too.
    ///   - take: receives each earlier record, in order, so that the records of a long run need not stay in memory.
    ///
    /// Throws `alreadyExists` when the file belongs to another run or holds no records, `malformedFile` for a line
    /// that is no JSON object, `unreadableFile` when the system refuses.
    public init(
        _ path: String, _ header: RunHeader, take: (JSONObject) -> Void = { _ in }
    ) throws(MartletError) {
        do {
            let (objects, complete, bytes) = try JSONLinesFile.read(path)
            if let first = objects.first {
                if let key = RunHeader.difference(first, header.json) {
                    throw Self.another(path, first["run"] == nil ? nil : key)
                }
            } else if bytes > 0 {
                // One line without an end may be anybody's.
                throw Self.another(path, nil)
            }
            if objects.isEmpty {
                try JSONLinesFile.replace(path, with: [header.json])
            } else if complete < bytes {
                try JSONLinesFile.replace(path, with: objects)
            }
            for line in objects.dropFirst() { take(line) }
            file = try JSONLinesFile(path, continuing: true)
        } catch { throw MartletError(any: error) }
    }

    private static func another(_ path: String, _ key: String?) -> MartletError {
        let what =
            key.map { "holds another run (its \(excerpt($0)) differs)" } ?? "is no file of records"
        return MartletError(
            code: .alreadyExists, subject: path,
            message: "\(path) \(what); name another file or folder, or repeat that run's options")
    }

    /// Adds a line. Throws `unreadableFile`, for instance when the disk is full.
    public func append(_ value: JSONValue) throws(MartletError) {
        do throws(FormatError) { try file.append(value) } catch { throw MartletError(error) }
    }
}
