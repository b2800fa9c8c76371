"""The extension modules; everything else is in pyproject.toml.

Every ``.pyx`` below ``pyredis/`` is one extension module. All of them are linked into one shared library,
``pyredis._native``, because loading a library for each would take a sixth of the time of a start. ``pyredis._finder``
finds the modules in it. Environment variables choose the kind of build:
``PYREDIS_SANITIZE`` (a list for ``-fsanitize=``), ``PYREDIS_DEBUG`` and ``PYREDIS_COVERAGE`` (any non-empty value).
With ``PYREDIS_STRICT``, warnings of Cython and of the C compiler are errors.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import Cython
from Cython.Build import cythonize
from Cython.Compiler import Options
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.modified import newer_group

SANITIZE = os.environ.get("PYREDIS_SANITIZE", "")
DEBUG = bool(os.environ.get("PYREDIS_DEBUG"))
STRICT = bool(os.environ.get("PYREDIS_STRICT"))
COVERAGE = bool(os.environ.get("PYREDIS_COVERAGE"))
JOBS = os.cpu_count() or 1

# Records how the C files and objects in the tree were built: another kind of build cannot use them.
STAMP = Path("build/kind")

LIBRARY = "pyredis._native"
TABLE = """\
#include <Python.h>

static const char *const names[] = {
@NAMES@};

static int fill(PyObject *module) {
    size_t i, count = sizeof(names) / sizeof(names[0]);
    PyObject *found = PyFrozenSet_New(NULL);
    for (i = 0; found != NULL && i < count; i++) {
        PyObject *name = PyUnicode_FromString(names[i]);
        if (name == NULL || PySet_Add(found, name) < 0)
            Py_CLEAR(found);
        Py_XDECREF(name);
    }
    i = found == NULL ? -1 : PyModule_AddObjectRef(module, "MODULES", found);
    Py_XDECREF(found);
    return (int) i;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, fill}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_native", "The native library: see pyredis._finder.", 0, NULL, slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__native(void) {
    return PyModuleDef_Init(&definition);
}
"""

DIRECTIVES = {
    "language_level": "3",
    "boundscheck": False,
    "wraparound": False,
    "cdivision": True,
    "initializedcheck": False,
    "embedsignature": True,
    "always_allow_keywords": False,
    "legacy_implicit_noexcept": False,
    # None for an argument of an extension type would be used as one.
    "allow_none_for_extension_args": False,
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
    return [f"-fsanitize={SANITIZE}"] * bool(SANITIZE) + ["--coverage"] * COVERAGE


def macros():
    return [("PYREDIS_CHECKS", "1")] if DEBUG or SANITIZE else []


def module_name(source):
    return ".".join(Path(source).with_suffix("").parts)


def make_library(sources):
    return Extension(
        LIBRARY,
        sources,
        include_dirs=["pyredis/ground/include"],
        depends=[str(header) for header in sorted(Path("pyredis/ground/include").glob("*.h"))],
        define_macros=macros(),
        extra_compile_args=compile_args(),
        extra_link_args=link_args(),
        libraries=[] if sys.platform == "darwin" else ["m"],
    )


def write_table(names):
    """Writes the C source of the library's own module, whose ``MODULES`` has the names of the others."""
    listed = "".join(f'    "{name}",\n' for name in sorted(names))
    text = TABLE.replace("@NAMES@", listed)
    path = Path(*LIBRARY.split(".")).with_suffix(".c")
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
    return str(path)


def kind_of_build():
    flags = {name: os.environ.get(name, "") for name in ("CFLAGS", "CPPFLAGS", "LDFLAGS")}
    return repr((Cython.__version__, DIRECTIVES, compile_args(), link_args(), macros(), flags))


class BuildExt(build_ext):
    """Translates and compiles what has changed, in parallel, and links the library.

    If the last build was of another kind, everything is built again.
    """

    def run(self):
        kind = kind_of_build()
        if not STAMP.exists() or STAMP.read_text() != kind:
            STAMP.unlink(missing_ok=True)
            self.force = True
        super().run()
        STAMP.parent.mkdir(exist_ok=True)
        STAMP.write_text(kind)

    def build_extension(self, library):
        sources = [*self.translated(library), write_table(module_name(source) for source in library.sources)]
        with ThreadPoolExecutor(JOBS) as pool:
            objects = list(pool.map(lambda source: self.compiled(source, library), sources))
        path = self.get_ext_fullpath(library.name)
        if self.force or newer_group(objects, path):
            self.compiler.link_shared_object(
                objects,
                path,
                libraries=self.get_libraries(library),
                extra_postargs=library.extra_link_args,
                debug=self.debug,
                build_temp=self.build_temp,
                target_lang="c",
            )

    def translated(self, library):
        """Returns the C files of the library's modules, translated again where they are older than their sources."""
        modules = cythonize(
            [Extension(module_name(source), [source]) for source in library.sources],
            compiler_directives=DIRECTIVES,
            nthreads=JOBS,
            force=self.force,
            show_all_warnings=False,
        )
        return [module.sources[0] for module in modules]

    def compiled(self, source, library):
        """Returns the object of a C file, compiled again if it is older than the file or a header."""
        (path,) = self.compiler.object_filenames([source], output_dir=self.build_temp)
        if self.force or newer_group([source, *library.depends], path):
            self.compiler.compile(
                [source],
                output_dir=self.build_temp,
                macros=library.define_macros,
                include_dirs=library.include_dirs,
                debug=self.debug,
                extra_postargs=library.extra_compile_args,
                depends=library.depends,
            )
        return path


# Translating processes may import this file again.
if __name__ == "__main__":
    setup(
        ext_modules=[make_library([str(source) for source in sorted(Path("pyredis").rglob("*.pyx"))])],
        cmdclass={"build_ext": BuildExt},
    )
