// The session of a simulation program: one command per line, read from session.txt in the results
// directory. Before `start`: report, seed, input, set. After it: limit, set, run, save. The last is
// `end`.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>
#include <unistd.h>
#include "files.h"
#include "objects.h"

namespace spikedrift {

// A population whose spikes are recorded. Its cells are in order of the copies of the network.
struct Watched {
    std::size_t n_copies, size;  // cells of a copy
    // Cells that fired, in order of time, without so many that fired first.
    std::function<std::vector<int32_t>(std::size_t)> spikes;
    std::size_t before = 0;  // recorded before this second
};

struct Session {
    std::string command;
    std::ifstream text;
    std::map<std::string,
             std::function<void(const std::string&, const std::string&, std::size_t)>> inputs;
    std::map<std::string, std::function<std::vector<float>()>> saved;
    std::map<std::string, Watched> watched;
    std::map<std::string, double> limits;  // Hz
    std::set<std::size_t> away;  // copies that fired above a limit
    double began = 0.0;  // this second of simulated time
    double report = 10.0;
    std::chrono::steady_clock::time_point told = std::chrono::steady_clock::now();

    // Names of files are relative to the results directory: the program has read its own by now.
    explicit Session(const std::string& results) : text(results + "session.txt") {
        if (!text || chdir(results.c_str())) fail("no session.txt in " + results);
        std::cout.precision(12);  // of times and rates
    }

    [[noreturn]] SPIKEDRIFT_CALLED static void fail(const std::string& message) {
        std::cerr << message << std::endl;
        std::exit(2);
    }

    template <class T>
    SPIKEDRIFT_CALLED T next() {
        T value;
        if (!(text >> value)) fail("session.txt breaks off, or is wrong, after " + command);
        return value;
    }

    // `size` numbers of int32 replace the vector, whatever its size was.
    template <class Vector>
    SPIKEDRIFT_CALLED void load(Vector& target, const std::string& name, std::size_t size) {
        InFile file;
        file.open(name, std::ios::binary | std::ios::in);
        target.resize(size);
        file.read(reinterpret_cast<char*>(target.data()), size * sizeof(int32_t));
    }

    template <class Vector>
    SPIKEDRIFT_CALLED void write(const std::string& name, const Vector& values,
                                 std::ios::openmode mode = {}) {
        OutFile file;
        file.open(name, std::ios::binary | std::ios::out | mode);
        file.write(reinterpret_cast<const char*>(values.data()),
                   values.size() * sizeof(typename Vector::value_type));
        file.close();
    }

    SPIKEDRIFT_CALLED void set() {
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

    void limit() {
        const auto name = next<std::string>();
        if (!watched.count(name)) fail("no spikes of " + name + " are recorded");
        limits[name] = next<double>();
    }

    // Says which copies fired more spikes, since a second began, than their limit gives in a second:
    // once for each copy, `away COPY POPULATION START STOP RATE LIMIT`. A second that runs cut short
    // ends with the first piece that makes it whole. Returns whether all copies ran away.
    bool ran_away(double now) {
        const double passed = now - began, second = std::max(1.0, passed);
        for (const auto& [name, limit] : limits) {
            auto& population = watched.at(name);
            const auto fired = population.spikes(population.before);
            if (passed > 1.0 - 1e-6) population.before += fired.size();
            std::vector<std::size_t> counts(population.n_copies);
            for (const auto cell : fired) counts[cell / population.size]++;
            for (std::size_t copy = 0; copy < counts.size(); copy++) {
                const double of_cell = double(counts[copy]) / population.size;
                if (of_cell <= limit * second || !away.insert(copy).second) continue;
                std::cout << "away " << copy << " " << name << " " << began << " " << now << " "
                          << of_cell / passed << " " << limit << std::endl;
            }
        }
        if (passed > 1.0 - 1e-6) began = now;
        return !limits.empty() && away.size() == watched.begin()->second.n_copies;
    }

    // In pieces, to say now and then how far it is (`at TIME`), and to end soon what runs away. The
    // start of each piece is computed anew, so that rounding does not add up. Returns false where
    // nothing is left to run for.
    bool run(Network& network, double start, double stop) {
        const double piece = limits.empty() ? 1.0 : 0.1;
        for (long k = 0; start + k * piece < stop; k++) {
            network.t = start + k * piece;
            network.run(std::min(piece, stop - network.t), NULL, 10.0);
            if (Network::_globally_stopped) fail("interrupted");
            if (ran_away(network.t)) return false;
            const auto now = std::chrono::steady_clock::now();
            if (std::chrono::duration<double>(now - told).count() < report) continue;
            told = now;
            std::cout << "at " << network.t << std::endl;
        }
        return true;
    }

    // Where all copies ran away the rest is left out, so that what it saves is not there to be read.
    void run(Network& network) {
        while ((command = next<std::string>()) != "end") {
            if (command == "run") {
                const double start = next<double>();
                if (!run(network, start, start + next<double>())) return;
            } else if (command == "save") {
                for (auto& item : saved) write(item.first + ".saved", item.second(), std::ios::app);
            } else if (command == "set") {
                set();
            } else if (command == "limit") {
                limit();
            } else {
                fail("unknown command: " + command);
            }
        }
    }
};

}  // namespace spikedrift
