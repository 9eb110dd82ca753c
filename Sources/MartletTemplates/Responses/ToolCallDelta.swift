/// A call as it is being written.

/// What is new of a call that may not be complete yet.
///
/// A call's first delta has its name, the later ones more of its arguments: joined they are ``ToolCall/arguments`` of the
/// complete call, which follows its last delta. What looked like a call and turned out to be none is withdrawn, and its
/// text follows as text.
public struct ToolCallDelta: Sendable, Hashable {
    /// Which call of the answer, from 0.
    public var index: Int
    /// The tool's name, in the first delta of a call.
    public var name: String?
    /// More of the arguments, the text of a JSON object.
    public var arguments: String
    /// Whether what was told of this call is void: the next delta of this index begins another one.
    public var isWithdrawn: Bool

    /// A delta of the call `index`.
    public init(index: Int, name: String? = nil, arguments: String = "", isWithdrawn: Bool = false)
    {
        self.index = index
        self.name = name
        self.arguments = arguments
        self.isWithdrawn = isWithdrawn
    }
}
