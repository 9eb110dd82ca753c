/// The Python of the judge, and of the process that it judges; knows neither files of problems nor limits.

enum ProgramJudge {
    /// The judge's exit status for a pass: one that no accident has.
    static let passed: Int32 = 86

    /// The judge. It takes the seconds of its clock, and reads and removes `problem.json`.
    static let source = """
        import builtins, json, os, secrets, signal, subprocess, sys, time, types
        CODEC = r'''\(codec)'''
        WORKER = CODEC + r'''\(worker)'''
        exec(CODEC)
        \(judge)
        """

    /// Values between the two as JSON: a closed list of types, so that reading one runs nothing.
    private static let codec = """

        def encode(v):
            t = type(v)
            if v is None or t in (bool, str): return v
            if t is int: return {"i": hex(v)}
            if t is float: return {"f": v.hex()}
            if t is complex: return {"c": [v.real.hex(), v.imag.hex()]}
            if t is list: return [encode(x) for x in v]
            if t in (tuple, set, frozenset): return {t.__name__: [encode(x) for x in v]}
            if t in (bytes, bytearray): return {t.__name__: v.hex()}
            if t is range: return {"range": [hex(x) for x in (v.start, v.stop, v.step)]}
            if t is dict: return {"d": [[encode(k), encode(x)] for k, x in v.items()]}
            for base in (int, float, str, list, tuple, dict, set):
                if isinstance(v, base): return encode(base(v))
            raise TypeError("a value of type " + t.__name__)

        def decode(v):
            if type(v) is list: return [decode(x) for x in v]
            if type(v) is not dict: return v
            (name, x), = v.items()
            if name == "i": return int(x, 16)
            if name == "f": return float.fromhex(x)
            if name == "c": return complex(*map(float.fromhex, x))
            if name == "d": return {decode(k): decode(e) for k, e in x}
            if name == "range": return range(*(int(e, 16) for e in x))
            if name in ("bytes", "bytearray"): return {"bytes": bytes, "bytearray": bytearray}[name].fromhex(x)
            return {"tuple": tuple, "set": set, "frozenset": frozenset}[name](map(decode, x))

        """

    /// The process that a program runs in. Whatever it says is an answer of the program's function, never a verdict.
    private static let worker = """

        import json, os, sys, types
        answers = os.fdopen(int(sys.argv[1]), "w")
        questions = os.fdopen(os.dup(0))
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        text, function, word = json.loads(questions.readline())
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        exec(compile(text, "program", "exec", dont_inherit=True), module.__dict__)
        if function is None:
            answers.write(word + "\\n")
            answers.close()
            os._exit(0)
        function = module.__dict__[function]
        for line in questions:
            try:
                some, named = decode(json.loads(line))
                answer = ["value", encode(function(*some, **named))]
            except Exception as error:
                answer = ["error", type(error).__name__, str(error)[:1000]]
            answers.write(json.dumps(answer) + "\\n")
            answers.flush()

        """

    private static let judge = """
        os.closerange(3, 65536)
        def control(*arguments):
            try:
                import ctypes
                values = [ctypes.c_ulong(x) for x in arguments[1:]] + [ctypes.c_ulong(0)] * (5 - len(arguments))
                return ctypes.CDLL(None).prctl(arguments[0], *values) == 0
            except Exception:
                return False
        linux = sys.platform == "linux"
        if linux:
            control(36, 1)  # what a program leaves behind becomes our child
            control(4, 0)  # nobody traces us or reads our memory
        def weaken():
            # In a namespace the program is root: without capabilities it cannot trace us.
            capability = 0
            while capability < 64 and control(24, capability): capability += 1
            control(38, 1)
        def parent(process):
            try:
                with open("/proc/%s/stat" % process) as file: return int(file.read().rsplit(")", 1)[1].split()[1])
            except Exception:
                return 0
        def end_all():
            if not linux or os.getpid() == 1: return
            for _ in range(400):
                children = [int(p) for p in os.listdir("/proc") if p.isdigit() and parent(p) == os.getpid()]
                if not children: return
                for child in children:
                    try: os.kill(child, 9)
                    except OSError: pass
                    try: os.waitpid(child, os.WNOHANG)
                    except OSError: pass
                time.sleep(0.005)
        def late(*_): raise TimeoutError
        signal.signal(signal.SIGALRM, late)
        signal.alarm(int(sys.argv[1]))
        with open("problem.json") as file: problem = json.load(file)
        os.unlink("problem.json")
        (heard, said), function, word = os.pipe(), problem.get("function"), secrets.token_hex(32)
        status, process = 1, None
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-B", "-c", WORKER, str(said)], stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=(said,), text=True,
                preexec_fn=weaken if linux else None)
            os.close(said)
            answers = os.fdopen(heard)
            def say(value):
                process.stdin.write(json.dumps(value) + "\\n")
                process.stdin.flush()
            def hear():
                line = answers.readline(1 << 24)
                if not line.endswith("\\n"): raise EOFError
                return line
            def call(*some, **named):
                say(encode([list(some), named]))
                answer = json.loads(hear())
                if answer[0] == "value": return decode(answer[1])
                kind = getattr(builtins, str(answer[1]), None)
                if not (isinstance(kind, type) and issubclass(kind, Exception)): kind = RuntimeError
                try: error = kind(str(answer[2]))
                except TypeError: error = RuntimeError(str(answer[2]))
                raise error
            say([problem["program"], function, word if function is None else None])
            if function is None:
                if hear() == word + "\\n": status = \(passed)
            else:
                module = types.ModuleType("__main__")
                for text in (problem["frame"], problem["frame"] + "\\n    pass\\n", ""):
                    try: code = compile(text, "frame", "exec", dont_inherit=True)
                    except SyntaxError: continue
                    exec(code, module.__dict__)
                    break
                module.__dict__[function] = call
                exec(compile(problem["test"], "test", "exec", dont_inherit=True), module.__dict__)
                module.__dict__["check"](call)
                status = \(passed)
        except BaseException:
            status = 1
        signal.alarm(0)
        if process is not None:
            try: process.kill()
            except OSError: pass
        end_all()
        os._exit(status)
        """
}
