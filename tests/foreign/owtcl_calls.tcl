# Calls owtcl, the Tcl binding of libow, and prints every result or error: owtcl_calls.tcl HOST PORT PATH...

package require ow

proc show {args} {
    catch $args result
    puts "$args: $result"
}

lassign $argv host port
OW::init -s $host:$port
show OW::get / -list
foreach path [lrange $argv 2 end] {
    show OW::get $path
    show OW::isdir $path
    show OW::exists $path
}
show OW::put /10.000010EF0000/temphigh 27
show OW::get /10.000010EF0000/temphigh
OW::finish
