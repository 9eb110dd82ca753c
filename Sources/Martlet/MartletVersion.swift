/// Which release this is.

/// The version of the library and of the command.
public enum MartletVersion {
    /// The release, as in its tag.
    public static let current = "0.1.0"
}
