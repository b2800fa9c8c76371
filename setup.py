"""The extension modules; everything else stands in pyproject.toml.

Every ``.pyx`` below ``pyredis/`` is one extension. The environment chooses the kind of build:
``PYREDIS_SANITIZE`` (a list for ``-fsanitize=``), ``PYREDIS_DEBUG`` and ``PYREDIS_COVERAGE`` (any non-empty value);
with ``PYREDIS_STRICT`` a warning of the C compiler is an error.
"""

import os
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

SANITIZE = os.environ.get("PYREDIS_SANITIZE", "")
DEBUG = bool(os.environ.get("PYREDIS_DEBUG"))
STRICT = bool(os.environ.get("PYREDIS_STRICT"))
COVERAGE = bool(os.environ.get("PYREDIS_COVERAGE"))
JOBS = os.cpu_count() or 1

DIRECTIVES = {
    "language_level": "3",
    "boundscheck": False,
    "wraparound": False,
    "cdivision": True,
    "initializedcheck": False,
    "embedsignature": True,
    "always_allow_keywords": False,
    "legacy_implicit_noexcept": False,
    "linetrace": COVERAGE,
    "emit_code_comments": DEBUG or COVERAGE,
}


def compile_args():
    args = ["-std=gnu11", "-fvisibility=hidden", "-fno-strict-aliasing", "-Wall"]
    if STRICT:
        args += ["-Werror"]
    args += ["-Wno-unused-function", "-Wno-unreachable-code", "-Wno-unreachable-code-fallthrough"]
    if DEBUG or SANITIZE or COVERAGE:
        args += ["-O1", "-g", "-fno-omit-frame-pointer"]
    else:
        args += ["-O3", "-g0"]
    if SANITIZE:
        args += [f"-fsanitize={SANITIZE}", "-fno-sanitize-recover=undefined"]
    return args


def macros():
    values = [("CYTHON_TRACE", "1")] if COVERAGE else []
    return [*values, ("PYREDIS_CHECKS", "1")] if DEBUG or SANITIZE else values


def make_extension(source):
    return Extension(
        ".".join(source.with_suffix("").parts),
        [str(source)],
        include_dirs=["pyredis/include"],
        depends=[str(header) for header in Path("pyredis/include").glob("*.h")],
        define_macros=macros(),
        extra_compile_args=compile_args(),
        extra_link_args=[f"-fsanitize={SANITIZE}"] if SANITIZE else [],
        libraries=[] if sys.platform == "darwin" else ["m"],
    )


def extensions():
    sources = sorted(Path("pyredis").rglob("*.pyx"))
    return cythonize(
        [make_extension(source) for source in sources],
        compiler_directives=DIRECTIVES,
        nthreads=JOBS,
        force=bool(SANITIZE or COVERAGE),
        show_all_warnings=False,
    )


setup(ext_modules=extensions(), options={"build_ext": {"parallel": JOBS}})
