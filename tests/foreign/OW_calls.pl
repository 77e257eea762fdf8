# Calls Debian's OW.pm, the Perl binding of libow, and prints every result: OW_calls.pl HOST PORT PATH...

use strict;
use warnings;
use OW;

my ($host, $port, @paths) = @ARGV;
OW::init("-s $host:$port") or die "no connection";

sub show {
    my ($name, $result) = @_;
    print "$name ", defined $result ? "[$result]" : 'undef', "\n";
}

show("get $_", OW::get($_)) for '/', @paths;
show('put', OW::put('/10.000010EF0000/temphigh', '26'));
show('read back', OW::get('/10.000010EF0000/temphigh'));
OW::finish();
