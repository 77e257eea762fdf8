# Calls Debian's OWNet.pm, a client in Perl alone, and prints every result: OWNet_calls.pl HOST PORT PATH...

use strict;
use warnings;
use OWNet;

my ($host, $port, @paths) = @ARGV;
my $server = OWNet->new("$host:$port") or die "no connection";

sub show {
    my ($name, $result) = @_;
    print "$name ", defined $result ? "[$result]" : 'undef', "\n";
}

for my $path ('/', @paths) {
    show("dir $path", $server->dir($path));
    show("read $path", $server->read($path));
    show("present $path", $server->present($path));
}
show('write', $server->write('/10.000010EF0000/temphigh', '25'));
show('read back', $server->read('/10.000010EF0000/temphigh'));
show('without an object', OWNet::read("$host:$port", '/10.000010EF0000/temphigh'));
