/// Which bytes a task's problems were; knows files, not what is in them.

public import Martlet
import MartletFormats
public import MartletTasks

extension TaskLocator {
    /// The SHA-256 of the file that a text names; nil for a task that reads none. Throws `unreadableFile`.
    public static func digest(_ text: String) throws(MartletError) -> String? {
        guard let path = path(in: text) else { return nil }
        do { return try FileDigest.sha256(path) } catch { throw MartletError(error) }
    }
}
