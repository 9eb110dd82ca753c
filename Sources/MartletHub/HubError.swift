/// What can go wrong between a name of a model and its files: a closed list, each case with its values.
///
/// The wording lives in `HubError+Description.swift`.

package import MartletFormats

/// An error of finding, downloading, listing or removing models of a hub.
package enum HubError: Error, Hashable, Sendable {
    /// A text does not name a model of a hub.
    case badReference(got: String, expected: String)
    /// A variable of the environment, or the file of the token, says something that cannot be used.
    case badSetting(name: String, got: String, expected: String)

    /// The hub has no such repository, or does not show it.
    case repositoryNotFound(repository: String, endpoint: String, hasToken: Bool)
    /// The repository has no such branch, tag or commit; `known` are some that it has.
    case revisionNotFound(repository: String, revision: String, known: [String])
    /// The revision has no such file; `near` are names like it.
    case fileNotFound(repository: String, path: String, near: [String])
    /// The repository's licence has to be accepted first, on its page.
    case gated(repository: String, page: String, hasToken: Bool)
    /// The hub refuses with this status and these words.
    case refused(url: String, status: Int, message: String)

    /// No answer, or one that broke off, after all attempts.
    case unreachable(url: String, reason: String)
    /// The hub asks to wait.
    case rateLimited(url: String, seconds: Int)
    /// What answers is not a hub.
    case notAHub(endpoint: String, got: String)
    /// An answer is not what the protocol says.
    case badAnswer(url: String, got: String, expected: String)
    /// Downloaded content has another hash or size than the hub lists.
    case wrongContent(path: String, got: String, expected: String)

    /// The file system has no room.
    case diskFull(path: String, needed: Int, available: Int)
    /// Patterns or a quantisation choose no file; `available` are some that there are.
    case nothingChosen(repository: String, wanted: String, available: [String])
    /// All weights are in a form that runs code when it is opened.
    case onlyPickles(repository: String, file: String)
    /// Several models fit the name.
    case ambiguous(name: String, choices: [String])

    /// Requests are switched off, and the files are not here.
    case offline(name: String, reason: String)
    /// Nothing of that name was pulled.
    case notPulled(name: String, available: [String])
    /// There is nothing of that name to remove.
    case nothingToRemove(name: String, available: [String])
    /// A pull of it has begun, and `missing` is not here.
    case incomplete(name: String, missing: String)
    /// Somebody downloads what is to be removed.
    case busy(name: String)
    /// The caller gave up.
    case cancelled
    /// Reading or writing a file failed.
    case file(FormatError)
}

extension HubError {
    /// Whether the same request may succeed a little later.
    package var isTransient: Bool {
        switch self {
        case .unreachable, .rateLimited: true
        default: false
        }
    }
}
