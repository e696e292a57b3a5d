// The session of a simulation program: one command per line, read from session.txt in the results
// directory. Before `start`: report, seed, input, set. After it: set, run, save. The last is `end`.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>
#include <unistd.h>
#include "files.h"
#include "objects.h"

namespace spikedrift {

struct Session {
    std::string command;
    std::ifstream text;
    std::map<std::string,
             std::function<void(const std::string&, const std::string&, std::size_t)>> inputs;
    std::map<std::string, std::function<std::vector<float>()>> saved;
    double report = 10.0;
    std::chrono::steady_clock::time_point told = std::chrono::steady_clock::now();

    // Names of files are relative to the results directory: the program has read its own by now.
    explicit Session(const std::string& results) : text(results + "session.txt") {
        if (!text || chdir(results.c_str())) fail("no session.txt in " + results);
    }

    [[noreturn]] static void fail(const std::string& message) {
        std::cerr << message << std::endl;
        std::exit(2);
    }

    template <class T>
    T next() {
        T value;
        if (!(text >> value)) fail("session.txt breaks off, or is wrong, after " + command);
        return value;
    }

    // `size` numbers of int32 replace the vector, whatever its size was.
    template <class Vector>
    void load(Vector& target, const std::string& name, std::size_t size) {
        InFile file;
        file.open(name, std::ios::binary | std::ios::in);
        target.resize(size);
        file.read(reinterpret_cast<char*>(target.data()), size * sizeof(int32_t));
    }

    template <class Vector>
    void write(const std::string& name, const Vector& values, std::ios::openmode mode = {}) {
        OutFile file;
        file.open(name, std::ios::binary | std::ios::out | mode);
        file.write(reinterpret_cast<const char*>(values.data()),
                   values.size() * sizeof(typename Vector::value_type));
        file.close();
    }

    void set() {
        const auto name = next<std::string>();
        brian::set_variable_by_name(name, next<std::string>());
    }

    void prepare() {
        while ((command = next<std::string>()) != "start") {
            if (command == "seed") {
                auto value = next<unsigned long>();
#ifdef __CUDACC__
                brian::random_number_buffer.set_seed(value);
#else
                for (auto& generator : brian::_random_generators) generator.seed(value++);
#endif
            } else if (command == "report") {
                report = next<double>();
            } else if (command == "input") {
                const auto name = next<std::string>(), index = next<std::string>();
                const auto step = next<std::string>();
                if (!inputs.count(name)) fail("no input " + name);
                inputs[name](index, step, next<std::size_t>());
            } else if (command == "set") {
                set();
            } else {
                fail("unknown command before start: " + command);
            }
        }
    }

    // In pieces, to say now and then how far it is (`at TIME`). The start of each piece is computed
    // anew, so that rounding does not add up.
    void run(Network& network, double start, double stop) {
        const double piece = 1.0;
        for (long k = 0; start + k * piece < stop; k++) {
            network.t = start + k * piece;
            network.run(std::min(piece, stop - network.t), NULL, 10.0);
            if (Network::_globally_stopped) fail("interrupted");
            const auto now = std::chrono::steady_clock::now();
            if (std::chrono::duration<double>(now - told).count() < report) continue;
            told = now;
            std::cout << "at " << network.t << std::endl;
        }
    }

    void run(Network& network) {
        while ((command = next<std::string>()) != "end") {
            if (command == "run") {
                const double start = next<double>();
                run(network, start, start + next<double>());
            } else if (command == "save") {
                for (auto& item : saved) write(item.first + ".saved", item.second(), std::ios::app);
            } else if (command == "set") {
                set();
            } else {
                fail("unknown command: " + command);
            }
        }
    }
};

}  // namespace spikedrift
