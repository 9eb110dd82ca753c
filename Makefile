# The words of this repository. `make` alone lists them.

SWIFT_SOURCES = Package.swift Sources Tests Snippets
LINE_CEILING = 600

.PHONY: help check format test build docs bench-peers lines

help:
	@echo "make check        formatting and the size of files"
	@echo "make format       formats Swift files in place"
	@echo "make test         builds without warnings and runs every test"
	@echo "make build        the release build of the command"
	@echo "make docs         the library's documentation; a warning is an error"
	@echo "make lines        the largest files; fails above $(LINE_CEILING) lines"
	@echo "make bench-peers  says how to time Martlet beside llama.cpp and PyTorch"

check: lines
	swift format lint --recursive --strict --parallel $(SWIFT_SOURCES)

format:
	swift format --recursive --in-place --parallel $(SWIFT_SOURCES)

test:
	swift build --build-tests --explicit-target-dependency-import-check error \
	    -Xswiftc -warnings-as-errors
	swift test --disable-xctest -Xswiftc -warnings-as-errors

build:
	swift build -c release --product martlet

docs:
	swift package generate-documentation --target Martlet --warnings-as-errors

lines:
	@find Sources Tests Snippets Benchmarks tools -name .build -prune -o -type f \
	    \( -name '*.swift' -o -name '*.c' -o -name '*.h' -o -name '*.py' -o -name '*.sh' \) -print0 \
	    | xargs -0 wc -l | grep -v ' total$$' | sort -rn \
	    | awk -v ceiling=$(LINE_CEILING) \
	        'NR <= 12 { print } $$1 > ceiling { long = long "\n  " $$2 } \
	         END { print NR " files"; \
	               if (long != "") { print "longer than " ceiling " lines:" long; exit 1 } }'

bench-peers:
	@echo "Close everything else first: a second busy process changes every figure."
	@echo
	@echo "  cd Benchmarks/Peers && python3 -m venv venv"
	@echo "  CMAKE_ARGS=-DGGML_NATIVE=ON venv/bin/pip install --no-binary llama-cpp-python -r requirements.txt"
	@echo "  swift build -c release --package-path ../.."
	@echo "  venv/bin/python compare.py --out results"
	@echo
	@echo "Benchmarks/Peers/README.md says what is compared and how to time only a part."
