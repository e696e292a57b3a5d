// Files that a program reads and writes as a whole; otherwise it ends and says which file failed and
// why. The session uses them, and `compile.py` puts them into the code that Brian2 wrote.
#pragma once
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>

namespace spikedrift {

// Tells `run.py` with `lost ERRNO NAME`, and says the same in words. ERRNO is 0 if a file is short.
[[noreturn]] inline void lost(const std::string& what, const std::string& name) {
    const int why = errno;
    std::cout << "lost " << why << " " << name << std::endl;
    std::cerr << "cannot " << what << " " << name << ": "
              << (why ? std::strerror(why) : "it is too short") << std::endl;
    std::_Exit(2);  // other open files are of no use now
}

struct InFile : std::ifstream {
    std::string name;

    void open(const std::string& file, std::ios::openmode mode) {
        name = file;
        errno = 0;
        std::ifstream::open(file, mode);
        if (!is_open()) lost("read", name);
    }

    InFile& read(char* target, std::streamsize size) {
        errno = 0;
        std::ifstream::read(target, size);
        if (gcount() != size) lost("read", name);
        return *this;
    }
};

// Closing says how many bytes there should be (`wrote BYTES NAME`); readers of the file compare.
struct OutFile : std::ofstream {
    std::string name;
    std::size_t bytes = 0;

    void open(const std::string& file, std::ios::openmode mode) {
        name = file;
        errno = 0;
        std::ofstream::open(file, mode);
        if (!is_open()) lost("write", name);
    }

    OutFile& write(const char* source, std::streamsize size) {
        std::ofstream::write(source, size);
        if (fail()) lost("write", name);
        bytes += size;
        return *this;
    }

    void close() {
        std::ofstream::close();  // what is still in the buffer is written now
        if (fail()) lost("write", name);
        std::cout << "wrote " << bytes << " " << name << std::endl;
    }

    ~OutFile() {
        if (is_open()) close();
    }
};

}  // namespace spikedrift
