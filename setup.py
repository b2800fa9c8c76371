"""The extension modules; everything else is in pyproject.toml.

Every ``.pyx`` below ``pyredis/`` is one extension. Environment variables choose the kind of build:
``PYREDIS_SANITIZE`` (a list for ``-fsanitize=``), ``PYREDIS_DEBUG`` and ``PYREDIS_COVERAGE`` (any non-empty value).
With ``PYREDIS_STRICT``, warnings of Cython and of the C compiler are errors.
"""

import os
import sys
from pathlib import Path

import Cython
from Cython.Build import cythonize
from Cython.Compiler import Options
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

SANITIZE = os.environ.get("PYREDIS_SANITIZE", "")
DEBUG = bool(os.environ.get("PYREDIS_DEBUG"))
STRICT = bool(os.environ.get("PYREDIS_STRICT"))
COVERAGE = bool(os.environ.get("PYREDIS_COVERAGE"))
JOBS = os.cpu_count() or 1

# Records how the C files and objects in the tree were built: another kind of build cannot use them.
STAMP = Path("build/kind")

DIRECTIVES = {
    "language_level": "3",
    "boundscheck": False,
    "wraparound": False,
    "cdivision": True,
    "initializedcheck": False,
    "embedsignature": True,
    "always_allow_keywords": False,
    "legacy_implicit_noexcept": False,
    # tools/coverage maps lines of C to lines of Cython by them.
    "emit_code_comments": DEBUG or COVERAGE,
}

Options.warning_errors = STRICT


def compile_args():
    args = ["-std=gnu11", "-fvisibility=hidden", "-fno-strict-aliasing", "-Wall"]
    if STRICT:
        args += ["-Werror"]
    # Cython's output has both: helpers that a module does not use, and code after a return.
    args += ["-Wno-unused-function"]
    if sys.platform == "darwin":
        args += ["-Wno-unreachable-code", "-Wno-unreachable-code-fallthrough"]
    if DEBUG or SANITIZE or COVERAGE:
        args += ["-O1", "-g", "-fno-omit-frame-pointer"]
    else:
        args += ["-O3", "-g0"]
    if COVERAGE:
        # With counters in the code, the compiler cannot see that some variables are always set.
        args += ["--coverage", "-fprofile-update=atomic", "-Wno-maybe-uninitialized"]
    if SANITIZE:
        args += [f"-fsanitize={SANITIZE}", "-fno-sanitize-recover=undefined"]
    return args


def link_args():
    args = [f"-fsanitize={SANITIZE}"] * bool(SANITIZE) + ["--coverage"] * COVERAGE
    if sys.platform == "linux":
        # There are a hundred small modules. Code and constants on shared pages need fewer mappings at the start.
        args += ["-Wl,-z,noseparate-code"]
    return args


def macros():
    return [("PYREDIS_CHECKS", "1")] if DEBUG or SANITIZE else []


def make_extension(source):
    return Extension(
        ".".join(source.with_suffix("").parts),
        [str(source)],
        include_dirs=["pyredis/ground/include"],
        depends=[str(header) for header in sorted(Path("pyredis/ground/include").glob("*.h"))],
        define_macros=macros(),
        extra_compile_args=compile_args(),
        extra_link_args=link_args(),
        libraries=[] if sys.platform == "darwin" else ["m"],
    )


def kind_of_build():
    flags = {name: os.environ.get(name, "") for name in ("CFLAGS", "CPPFLAGS", "LDFLAGS")}
    return repr((Cython.__version__, DIRECTIVES, compile_args(), link_args(), macros(), flags))


class BuildExt(build_ext):
    """Translates in parallel, then compiles; rebuilds everything if the last build was of another kind."""

    def run(self):
        kind = kind_of_build()
        if not STAMP.exists() or STAMP.read_text() != kind:
            STAMP.unlink(missing_ok=True)
            self.force = True
        self.translate()
        super().run()
        STAMP.parent.mkdir(exist_ok=True)
        STAMP.write_text(kind)

    def translate(self):
        translated = cythonize(
            [make_extension(Path(extension.sources[0])) for extension in self.extensions],
            compiler_directives=DIRECTIVES,
            nthreads=JOBS,
            force=self.force,
            show_all_warnings=False,
        )
        sources = {extension.name: extension.sources for extension in translated}
        for extension in self.extensions:
            extension.sources = sources[extension.name]


# Translating processes may import this file again.
if __name__ == "__main__":
    setup(
        ext_modules=[make_extension(source) for source in sorted(Path("pyredis").rglob("*.pyx"))],
        cmdclass={"build_ext": BuildExt},
        options={"build_ext": {"parallel": JOBS}},
    )
